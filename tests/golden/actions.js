'use strict';
// Does on the server side what the srv lines of a trace say, through the test application (tests/plugins/trace_app).

const { parse } = require('./replay');

const FAR_FUTURE_S = 4102444800; // 2100: what `exp` stands for in the lines

// Arguments as they are written in a line: JavaScript literals.
function literals(text) {
  return Function('exp', `return [${text}]`)(FAR_FUTURE_S);
}

function setAuthToken(replay, text, isConfirmed) {
  const [claims, more = {}] = literals(text);
  const data = { claims, expiresIn: more.expiresIn, confirm: isConfirmed };
  if (!isConfirmed) return replay.tell('trace:setAuthToken', data);
  replay.pending = replay.control++;
  return replay.last.raw.send({ event: 'trace:setAuthToken', data, cid: replay.pending });
}

// How the application learnt whether the client has taken a token.
async function confirmation(replay, expected) {
  const answer = await replay.controlAnswer(replay.pending, replay.last);
  return { actual: answer.error, expected };
}

async function subscriptions(replay, text) {
  const answer = await replay.ask('dump');
  const [, channels, count] = /^(?:subscriptions=(\[.*?\]))? ?(?:count=(-?\d+))?$/.exec(text);
  const expected = {};
  const actual = {};
  if (channels !== undefined) {
    expected.subs = parse(channels).sort();
    actual.subs = answer.data.subs.sort();
  }
  if (count !== undefined) {
    expected.count = Number(count);
    actual.count = answer.data.count;
  }
  return { actual, expected };
}

function cut(replay, name) {
  replay.clients.get(name).raw.destroy();
  replay.clients.delete(name);
}

const ACTIONS = [
  [/^socket\.deauthenticate\(\)$/, (replay) => replay.tell('trace:deauthenticate', {})],
  [/^socket\.deauthenticate\(with confirmation\)$/, (replay) => replay.tell('trace:deauthenticate', { confirm: true })],
  [/^socket\.disconnect\((.*)\)$/, (replay, args) => {
    const [code, data] = literals(args);
    replay.tell('closeme', { code, data });
  }],
  [/^(?:socket\.)?setAuthToken\((.*)\) with delivery confirmation$/, (replay, args) => setAuthToken(replay, args, true)],
  [/^(?:socket\.)?setAuthToken\((.*)\)$/, (replay, args) => setAuthToken(replay, args, undefined)],
  [/^socket\.kickOut\((.*)\)$/, (replay, args) => {
    const [channel, message] = literals(args);
    replay.tell('kick', { channel, message });
  }],
  [/^exchange\.publish\((.*)\)$/, (replay, args) => {
    const [channel, data] = literals(args);
    replay.tell('trace:publish', { channel, data });
  }],
  [/^((?:subscriptions|count)=.*)$/, subscriptions],
  [/^(?:callback ok|resolved)$/, (replay) => confirmation(replay, undefined)],
  [/client failed$/, (replay) => confirmation(replay, { name: 'E', message: 'client failed' })],
  [/timed out$/, (replay) => confirmation(replay, { message: 'SC_ERR_TIMEOUT', name: 'StatusError' })],
  [/^(\w+) (?:TCP connection cut|loses TCP and connects again)$/, cut],
];

// Lines that say what the next line shows, or what only the original's interface gave.
const REMARKS = [
  /^rejected InvalidActionError: Socket \S+ tried to unsubscribe/,
  /^998 of the 1000 subscribe frames are left out/,
  /dump -> /,
  /^server (?:deauthenticates|kicks alice out of room|disconnects carol 4321)$/,
  /^login as (?:alice|bob)(?: again| on the same socket)?$/,
  /^client (?:deauthenticates|presents a not-yet-valid token)$/,
  /^alice disconnects$/,
  /^alice1 disconnects; alice2 stays$/,
  /^\w+ on worker \d$/,
  /^raw #\w+ /,
];

function act(replay, line) {
  for (const [pattern, action] of ACTIONS) {
    const found = pattern.exec(line.payload);
    if (found) return action(replay, found[1]);
  }
  if (REMARKS.some((pattern) => pattern.test(line.payload))) return undefined;
  throw new Error(`${replay.trace.name}: don't know how to do "${line.payload}"`);
}

module.exports = { act, literals };
