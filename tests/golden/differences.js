'use strict';
// Where the cluster does not send what the originals sent, and why. Each entry edits the traces that it names into what is
// expected; it must find something to edit in each of them, and the rest must be equal. So an entry that is not needed, or no
// longer, fails.

const { eachPacket, sent, text } = require('./differences_edit');
const presence = require('./differences_presence');
const { parse } = require('./replay');

const ANY_ID = '0'.repeat(20); // an id, learnt from the answer that bears it

function handshakeAnswer(client, cid = 1, pingTimeout = 120000) {
  return sent(client, { rid: cid, data: { id: ANY_ID, pingTimeout, isAuthenticated: false } });
}

function isHandshakeAnswer(packet) {
  return packet.rid !== undefined && packet.data && packet.data.pingTimeout !== undefined;
}

function withoutCloses(lines) {
  const kept = lines.filter((line) => line.frame !== 'close' && line.frame !== 'eof');
  lines.splice(0, lines.length, ...kept);
}

// Errors of tokens, wherever they stand in a packet.
function tokenErrors(packet) {
  const found = [packet.error, packet.data && packet.data.authError, packet.data && packet.data.error];
  return found.filter((error) => error && typeof error === 'object');
}

const HANDSHAKE = 'docs/protocol.md, "The handshake"';
const TELLING = 'docs/protocol.md, "Telling the generations apart"';
const EVENTS = 'docs/protocol.md, "Events and answers"';
const ERRORS = 'docs/protocol.md, "Error objects": the s9 to s14 column for every client';
const AUTH = 'docs/protocol.md, "Authentication packets"';
const VERIFYING = 'docs/protocol.md, "Verifying"';
const COMMON = 'docs/protocol.md, "Differences of the generations"';
const SUBSCRIBE = 'docs/protocol.md, "#subscribe"';
const PUBLISH = 'docs/protocol.md, "#publish"';
const CLOSING = 'docs/protocol.md, "Who sends what": close frames have code and reason';
const DEFECTS = 'docs/protocol.md, "Where we differ from the originals, and why"';
const OPENING = 'docs/protocol.md, "Answers other than 101"';

const differences = [];

function differ(traces, what, why, edit) {
  differences.push({ traces, what, why, edit });
}

/* ---- Opening and handshake -------------------------------------------------------------------------------- */

differ(/^v14\/handshake-array$/, 'the handshake may come in an array', HANDSHAKE, (lines) => {
  withoutCloses(lines);
  lines.push(handshakeAnswer('a'));
});

differ(/^v14\/handshake-cid0$/, 'a handshake with cid 0 is answered', HANDSHAKE, (lines) => lines.push(handshakeAnswer('a', 0)));

differ(/^v14\/handshake-(cidstring|nocid)$/, 'a handshake without a number as cid closes with 4008', HANDSHAKE, (lines) => {
  lines.splice(1, lines.length - 1, { t: 0, dir: 's2c', client: 'a', frame: 'close', payload: { code: 4008, reason: '' } });
});

differ(/^v20\/handshake-twice$/, 'a second handshake is ignored', HANDSHAKE, (lines) => {
  eachPacket(lines, (packet) => (packet.rid === 2 ? null : undefined));
});

differ(/^v(14|20)\/prehandshake-pong[12]$/, 'pongs pass before the handshake, which may follow', HANDSHAKE, (lines) => {
  withoutCloses(lines);
  lines.push(sent('a', { event: '#handshake', cid: 1 }, 'c2s'), handshakeAnswer('a'));
});

differ(/^v14\/handshake-sc-mw$/, 'the error of a refused handshake has the code, too', COMMON, (lines) => {
  eachPacket(lines, (packet) => {
    if (!packet.error || typeof packet.error !== 'object' || packet.error.statusCode !== undefined) return undefined;
    return { ...packet, error: { ...packet.error, statusCode: packet.data.code } };
  });
});

differ(/^v20\/handshake-sc-mw$/, 'a refused handshake has the code in its data, and a #disconnect follows', COMMON, (lines) => {
  eachPacket(lines, (packet, line, i) => {
    const { statusCode } = packet.error;
    lines.splice(i + 1, 0, sent(line.client, { event: '#disconnect', data: { code: statusCode } }));
    return { ...packet, data: { code: statusCode } };
  });
});

/* ---- Tokens --------------------------------------------------------------------------------------------------- */

const REFUSED = '(bad\\w*|expired|garbage|nbf|none|number|object|rs|strexp|strnbf|two)';

differ(new RegExp(`^(v6/codec-minbin-v6|v14/(codec-minbin|handshake-token-${REFUSED}|authenticate-(?!good|nocid|mw).*|jwt-alg-option)|presence-v6/nbf-after-good)$`),
  'errors of tokens have isBadToken', ERRORS, (lines) => {
    eachPacket(lines, (packet) => {
      const errors = tokenErrors(packet).filter((error) => error.name !== undefined);
      for (const error of errors) error.isBadToken = error.name !== 'AuthTokenNotBeforeError';
      return errors.length > 0 ? packet : undefined;
    });
  });

differ(/^v14\/authenticate-mw$/, 'an error of middleware has isBadToken if the token is bad', ERRORS, (lines) => {
  eachPacket(lines, (packet, line, i) => {
    const isBad = i > 0 && lines[i - 1].dir === 's2c' && lines[i - 1].payload.includes('#removeAuthToken');
    if (!isBad) return undefined;
    for (const error of tokenErrors(packet)) error.isBadToken = true;
    return packet;
  });
});

differ(/^v(6|14|20)\/codec-minbin(-v6)?$/, 'a date is a text', 'docs/protocol.md, "Binary codec"', (lines) => {
  eachPacket(lines, (packet) => {
    const errors = tokenErrors(packet).filter((error) => error.expiry !== undefined);
    for (const error of errors) error.expiry = '2001-09-09T01:46:40.000Z';
    return errors.length > 0 ? packet : undefined;
  });
});

differ(new RegExp(`^v20/(codec-minbin|handshake-token-(?!nbf)${REFUSED}|jwt-alg-option|authenticate-(bad|empty|expired|garbage|mw|none|null).*)$`),
  '#removeAuthToken comes before the answer, with data null', HANDSHAKE, (lines) => {
    for (let i = 1; i < lines.length; i++)
      if (/^{"event":"#removeAuthToken"(,"data":null)?}$/.test(lines[i].payload) && lines[i].dir === 's2c') {
        lines[i].payload = '{"event":"#removeAuthToken","data":null}';
        lines.splice(i - 1, 2, lines[i], lines[i - 1]);
      }
  });

differ(/^v20\/authenticate-(bad|empty|expired|garbage|mw|none|null).*$/, 'a failed #authenticate has data, too', AUTH, (lines) => {
  eachPacket(lines, (packet) => {
    if (packet.error === undefined) return undefined;
    return { ...packet, data: { isAuthenticated: false, authError: packet.error } };
  });
});

differ(/^v20\/authenticate-nocid$/, '#authenticate without cid is performed', AUTH, withoutCloses);

differ(/^v(14|20)\/handshake-token-badjson$/, 'the text of an error of JSON is our own', VERIFYING, (lines) => {
  eachPacket(lines, (packet) => {
    if (!packet.data || !packet.data.authError) return undefined;
    packet.data.authError.message = "The token's payload is not JSON";
    return packet;
  });
});

differ(/^v(14|20)\/handshake-token-strpayload$/, 'a payload that is no object is refused', VERIFYING, (lines) => {
  const authError = { message: 'invalid token', name: 'AuthTokenInvalidError', isBadToken: true };
  eachPacket(lines, (packet) => ({ ...packet, data: { ...packet.data, authError, isAuthenticated: false } }));
  lines.splice(1, 0, sent('a', { event: '#removeAuthToken', data: null }));
});

/* ---- Token expiry and server-side tokens -------------------------------------------------------------------------- */

differ(/^v20\/(deauth-server|expiry-(?!other).*)$/, '#removeAuthToken has data null', AUTH, (lines) => {
  eachPacket(lines, (packet) => (packet.event === '#removeAuthToken' ? { ...packet, data: null } : undefined));
});

differ(/^v20\/expiry-subscribe-waitforauth$/, 'a subscription with waitForAuth and an expired token is refused', COMMON, (lines, trace) => {
  eachPacket(lines, (packet) => {
    if (packet.rid !== 2) return undefined;
    const error = { message: 'The socket auth token has expired', name: 'AuthTokenExpiredError', expiry: trace.expiresAt };
    return { rid: 2, error };
  });
});

differ(/^v20\/expiry-other-events$/, 'an expired token is dropped before any event, as in protocol 1', COMMON, (lines) => {
  const removed = { event: '#removeAuthToken', data: null };
  eachPacket(lines, (packet) => (packet.event === '#removeAuthToken' ? null : undefined));
  for (const client of ['unsubscribe', 'authenticate', 'removeauth', 'disconnect']) {
    const last = lines.map((line) => line.client === client && line.dir === 'c2s').lastIndexOf(true);
    lines.splice(last + 1, 0, sent(client, removed));
  }
});

/* ---- Events ---------------------------------------------------------------------------------------------------------- */

differ(/^v14\/event-custom$/, 'any number is a cid, 0 too, and nothing else is', EVENTS, (lines) => {
  eachPacket(lines, (packet) => (packet.rid === 's1' ? { rid: 0, data: 1 } : undefined));
});

differ(/^v20\/event-custom$/, 'a failure may have data', EVENTS, (lines) => {
  eachPacket(lines, (packet) => (packet.rid === 13 ? { ...packet, data: { some: 'data' } } : undefined));
});

differ(/^v20\/event-unknown-reserved$/, 'a socket does not fall silent after an event like constructor', DEFECTS, (lines) => {
  lines.push(sent('a', { rid: 99 }));
});

const SILENT = { 'event-emit-mw': 'emit', 'publish-in-mw': 'publishIn', 'subscribe-mw': 'subscribe', 'handshake-sc-mw': 'handshakeSC' };

differ(/^v20\/(event-emit|publish-in|subscribe|handshake-sc)-mw$/, 'a silent block is described as in protocol 1', ERRORS, (lines, trace) => {
  const type = SILENT[trace.scenario];
  eachPacket(lines, (packet) => {
    if (!packet.error || packet.error.name !== 'SilentMiddlewareBlockedError') return undefined;
    const message = `Action was silently blocked by ${type} middleware`;
    return { ...packet, error: { ...packet.error, message, type } };
  });
});

/* ---- Channels --------------------------------------------------------------------------------------------------------- */

const WITHOUT_PREFIX = ['subscribe-limit', 'unsubscribe', 'expiry-other-events', 'prehandshake-strict-off'];

differ(new RegExp(`^v20/(${WITHOUT_PREFIX.join('|')})$`), 'messages about channels do not name InvalidActionError', ERRORS, (lines) => {
  eachPacket(lines, (packet) => {
    if (!packet.error || !packet.error.message.includes('InvalidActionError: ')) return undefined;
    return { ...packet, error: { ...packet.error, message: packet.error.message.replace('InvalidActionError: ', '') } };
  });
});

// How JavaScript writes a value into a text.
function named(value) {
  return String(value);
}

differ(/^v20\/(subscribe-basic|malformed-eventdataarray|unsubscribe|publish-bad-.*)$/, 'malformed channel names are told as in protocol 1',
  ERRORS, (lines) => {
    const asked = {};
    let id = '';
    for (const line of lines) {
      const packet = text(line) || {};
      if (line.dir === 'c2s') asked[packet.cid] = packet;
      else if (isHandshakeAnswer(packet)) id = packet.data.id;
    }
    eachPacket(lines, (packet) => {
      if (!packet.error || !/malformatted$/.test(packet.error.message)) return undefined;
      const { event, data } = asked[packet.rid];
      if (event === '#subscribe' && typeof data === 'string') return { rid: packet.rid };
      const channel = event === '#unsubscribe' ? data : (data === null || data === undefined ? undefined : data.channel);
      const messages = {
        '#subscribe': `Failed to subscribe socket to the ${named(channel)} channel - Socket ${id} provided an invalid channel name`,
        '#unsubscribe':
          `Failed to unsubscribe socket from the ${named(channel)} channel - Socket ${id} tried to unsubscribe from an invalid channel name`,
        '#publish': `Socket ${id} tried to publish to an invalid ${named(channel)} channel`,
      };
      return { rid: packet.rid, error: { message: messages[event], name: 'BrokerError' } };
    });
  });

differ(/^v20\/subscribe-basic$/, 'subscriptions without cid, and with a plain string, are performed', SUBSCRIBE, (lines) => {
  const line = lines.find(({ dir }) => dir === 'srv');
  line.payload = 'subscriptions=["room","strroom","r2","r3","r4","","nocid"] count=7';
});

differ(/^v20\/subscribe-limit$/, 'a plain string is a channel, which the limit refuses', SUBSCRIBE, (lines) => {
  eachPacket(lines, (packet) => {
    if (packet.rid !== 6) return undefined;
    const like = lines.map(text).find((other) => other && other.rid === 5).error;
    return { rid: 6, error: { ...like, message: like.message.replace('the a channel', 'the d channel') } };
  });
});

differ(/^v14\/(subscribe-basic|batch-v14|client-batch-v14)$/, 'unless pubSubBatchDuration is set, answers never come in arrays', SUBSCRIBE, (lines) => {
  eachPacket(lines, (packet, line, i) => {
    if (!Array.isArray(packet)) return undefined;
    lines.splice(i + 1, 0, ...packet.slice(1).map((answer) => sent(line.client, answer)));
    return packet[0];
  });
});

differ(/^v14\/batch-v14$/, 'answers to a batch come in its order', SUBSCRIBE, (lines) => {
  const answers = lines.filter((line) => line.dir === 's2c' && [2, 3, 4].includes((text(line) || {}).rid));
  const sorted = [...answers].sort((a, b) => text(a).rid - text(b).rid).map((line) => line.payload);
  answers.forEach((line, i) => {
    line.payload = sorted[i];
  });
});

differ(/^v20\/publish-in-mw$/, 'an acknowledgement may have data', PUBLISH, (lines) => {
  eachPacket(lines, (packet) => {
    if (packet.rid === 7) return { rid: 7, data: { ack: 1 } };
    return packet.rid === 3 && packet.error ? { ...packet, data: 'ackwitherr' } : undefined;
  });
});

differ(/^v14\/publish-out-mw$/, 'a change for one subscriber is not seen by the next', DEFECTS, (lines) => {
  eachPacket(lines, (packet, line) => (line.payload.includes('seen seen hi') ? parse(line.payload.replace('seen seen', 'seen')) : undefined));
});

differ(/^v14\/kickout$/, 'nothing is delivered after a kickOut of all channels', DEFECTS, (lines) => {
  eachPacket(lines, (packet, line) => (line.payload.includes('after kick all') ? null : undefined));
});

differ(/^v14\/kickout-not-subscribed$/, 'a kickOut of a channel that one is not in does not lower the count', DEFECTS, (lines) => {
  lines.find((line) => line.payload === 'count=-1').payload = 'count=0';
});

differ(/^v(14|20)\/kickout$/, 'the packets of a kickOut of all channels have no order', 'docs/protocol.md, "#kickOut": one packet for each', (lines) => {
  const after = lines.findIndex((line) => line.payload === 'socket.kickOut()');
  for (const line of lines.slice(after)) if (line.dir === 's2c') line.hasAnyOrder = true;
});

differ(/^v(14|20)\/malformed-proto$/, '__proto__ is a channel like any other', SUBSCRIBE, (lines) => {
  const line = lines.find(({ dir }) => dir === 'srv');
  line.payload = line.payload.replace('["alive"]', '["__proto__","alive"]');
});

/* ---- Disconnecting -------------------------------------------------------------------------------------------------------- */

const WITH_REASON = 'ping-timeout|ping-other-traffic|set-token|prehandshake-(?!pong|strict).*|handshake-(cidstring|nocid|timeout)';

differ(new RegExp(`^v(14|20)/(${WITH_REASON})$`), 'a close frame says why', CLOSING, (lines) => {
  for (const line of lines) if (line.dir === 's2c' && line.frame === 'close') line.hasReason = true;
});

differ(/^v14\/disconnect-server$/, 'a close frame has the reason that #disconnect has', CLOSING, (lines) => {
  for (const line of lines) {
    const reasons = { 4321: 'why', 4501: '{"obj":1}' };
    if (line.frame === 'close' && line.dir === 's2c') line.payload.reason = reasons[line.payload.code] || '';
  }
});

differ(/^v14\/disconnect-server$/, 'a reason is a text', CLOSING, (lines) => {
  eachPacket(lines, (packet) => (packet.data.code === 4501 ? { ...packet, data: { code: 4501, data: '{"obj":1}' } } : undefined));
});

differ(/^v20\/disconnect-server$/, '#disconnect comes first while the version is unknown', CLOSING, (lines) => {
  for (let i = lines.length - 1; i >= 0; i--) {
    const { client, frame, dir, payload } = lines[i];
    if (frame !== 'close' || dir !== 's2c') continue;
    const data = payload.reason === '' ? { code: payload.code } : { code: payload.code, data: payload.reason };
    lines.splice(i, 0, sent(client, { event: '#disconnect', data }));
  }
});

differ(/^v14\/handshake-timeout$/, 'nothing but the close frame goes to a client that has sent nothing', HANDSHAKE, (lines) => {
  eachPacket(lines, (packet) => (packet.event === '#disconnect' ? null : undefined));
});

differ(/^v14\/disconnect-client$/, 'a #disconnect without a code closes with 1000', CLOSING, (lines) => {
  for (const line of lines) if (line.frame === 'close' && line.payload.code === null) line.payload.code = 1000;
});

differ(/^v14\/disconnect-client$/, 'what a client gives as data of #disconnect comes back as the reason', CLOSING, (lines) => {
  for (const line of lines) if (line.frame === 'close' && line.payload.code === 4321) line.payload.reason = 'why';
});

differ(/^v20\/(disconnect-client|expiry-other-events)$/, '#disconnect from a client ends the session', CLOSING, (lines) => {
  const codes = { disconnect: 1000, a: 4321, b: 1000, c: 1000 };
  for (let i = lines.length - 1; i >= 0; i--) {
    if (lines[i].dir !== 'c2s' || !lines[i].payload.includes('#disconnect')) continue;
    const { client } = lines[i];
    const isNext = lines[i + 1] && lines[i + 1].client === client && lines[i + 1].dir === 's2c';
    lines.splice(i + (isNext ? 2 : 1), 0,
      { t: 0, dir: 's2c', client, frame: 'close', payload: { code: codes[client], reason: client === 'a' ? 'why' : '' } });
  }
});

/* ---- Plain HTTP and refused openings ------------------------------------------------------------------------------------------ */

// Another answer for some labels: status line, body, further headers.
function answerHttp(lines, label, line, body, more = '') {
  const at = lines.findIndex((other) => other.client === label && other.dir === 's2c');
  const end = lines.findIndex((other) => other.client === label && ['still-open', 'eof'].includes(other.frame));
  const head = `HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n${more}\r\n`;
  const answer = { t: 0, dir: 's2c', client: label, frame: 'http', payload: head + body };
  if (at === end) lines.splice(at, 0, answer);
  else lines[at] = answer;
  return answer;
}

differ(/^v(14|20)\/transport-http$/, 'the path may lack its last slash', 'docs/protocol.md, "Opening handshake"', (lines) => {
  const ok = lines.find((line) => line.client === 'ok' && line.dir === 's2c');
  for (const line of lines) {
    if (line.client !== 'noslash' || line.dir !== 's2c') continue;
    if (line.frame === 'http') line.payload = ok.payload;
    else line.frame = 'still-open';
  }
});

differ(/^v14\/transport-http$/, 'refusals say what is wrong', OPENING, (lines) => {
  const key = 'Missing or invalid Sec-WebSocket-Key header';
  answerHttp(lines, 'nokey', '400 Bad Request', key);
  answerHttp(lines, 'badkey', '400 Bad Request', key);
  answerHttp(lines, 'post', '405 Method Not Allowed', 'Invalid HTTP method');
  answerHttp(lines, 'ver12', '400 Bad Request', 'Missing or invalid Sec-WebSocket-Version header', 'Sec-WebSocket-Version: 13, 8\r\n');
});

differ(/^v(14|20)\/transport-http$/, 'plain requests are answered rather than left hanging', OPENING, (lines) => {
  lines.find((line) => line.client === 'plainget' && line.frame === 'still-open').frame = 'eof';
  answerHttp(lines, 'plainget', '426 Upgrade Required', 'Upgrade Required', 'Upgrade: websocket\r\n');
  answerHttp(lines, 'plainroot', '404 Not Found', 'Not Found').payload =
    'HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n\r\nNot Found';
});

differ(/^v(14|20)\/transport-origins$/, 'origins are compared whole: file:// is not exact.example:80', 'docs/protocol.md, "origins"', (lines) => {
  const body = 'Failed to authorize socket handshake - Invalid origin: file://';
  answerHttp(lines, 'file://', '403 Forbidden', body);
  lines.find((line) => line.client === 'file://' && line.frame === 'still-open').frame = 'eof';
});

differ(/^v20\/transport-handshake-mw$/, 'a silent block is described as in protocol 1', ERRORS, (lines) => {
  for (const label of ['silent', 'true'])
    answerHttp(lines, label, '401 Unauthorized', 'Action was silently blocked by handshakeWS middleware');
});

differ(/^v(14|20)\/transport-deflate-on$/, 'no context is taken over', 'docs/protocol.md, "Compression"', (lines) => {
  const answer = lines.find((line) => line.client === 'deflate' && line.dir === 's2c' && line.frame === 'http');
  answer.payload = answer.payload.replace(/: permessage-deflate\r/,
    ': permessage-deflate; server_no_context_takeover; client_no_context_takeover\r');
});

/* ---- Cluster of version 6 --------------------------------------------------------------------------------------------------------- */

differ(/^cluster-v6\/limit-default$/, 'the message names the channel', ERRORS, (lines) => {
  eachPacket(lines, (packet) => {
    if (packet.rid !== 2000) return undefined;
    return { ...packet, error: { ...packet.error, message: packet.error.message.replace('socket to channel', 'socket to the c1000 channel') } };
  });
});

differ(/^cluster-v6\/bad-channels$/, 'malformed channel names are refused', ERRORS, (lines) => {
  const { id } = lines.map(text).find((packet) => packet && isHandshakeAnswer(packet)).data;
  const names = { 2: 'undefined', 3: '5', 6: 'undefined' };
  eachPacket(lines, (packet) => {
    if (packet.event === '#publish') return null;
    if (packet.rid === 7) return { rid: 7, error: { message: `Socket ${id} tried to publish to an invalid undefined channel`, name: 'BrokerError' } };
    if (packet.rid === 8) return { rid: 8, data: { ...packet.data, subs: ['', 'str'], count: 2 } };
    if (names[packet.rid] === undefined) return undefined;
    const message = `Failed to subscribe socket to the ${names[packet.rid]} channel - Socket ${id} provided an invalid channel name`;
    return { rid: packet.rid, error: { message, name: 'BrokerError' } };
  });
});

differ(/^cluster-v6\/subscribe-publish-race$/, 'the packets of one socket are processed in order', PUBLISH, (lines) => {
  const order = ['{"rid":10}', { event: '#publish', data: { channel: 'x', data: 1 } }, '{"rid":11}', '{"rid":12}', '{"rid":13}', '{"rid":14}'];
  const at = lines.findIndex((line) => line.payload === '{"rid":12}');
  lines.splice(at, lines.length - at, ...order.map((packet) => sent('a', packet)));
});

presence(differ);

/* ---- Pings, at last: they stand between all others ------------------------------------------------------------------------------------ */

const NO_HANDSHAKE = 'transport-|prehandshake-(?!strict|pong)|handshake-timeout|handshake-sc-mw|handshake-(cidstring|nocid)';

differ(/^v(6|14)\/(ping-(pong|timeout)|expiry-pong|codec-minbin(-v6)?)$/, 'the first tick tries the ping that was not sent last', TELLING, (lines) => {
  lines.find((line) => line.dir === 's2c' && line.payload === '#1').payload = '';
});

differ(/^v20\/ping-timeout$/, 'while nothing is answered, both pings take turns', TELLING, (lines) => {
  lines.filter((line) => line.dir === 's2c' && line.payload === '')[1].payload = '#1';
});

differ(/^v14\/ping-wrong-pong$/, 'an empty pong shows protocol 2', TELLING, (lines) => {
  for (const line of lines) if (line.payload === '#1') line.payload = '';
});

differ(/^v20\/ping-wrong-pong$/, 'the pong #2 shows protocol 1', TELLING, (lines) => {
  for (const line of lines.filter(({ dir, payload }) => dir === 's2c' && payload === '').slice(1)) line.payload = '#1';
});

differ(new RegExp(`^(?!v\\d+/(${NO_HANDSHAKE}|ping-timeout-disabled|ping-protocol1-on-20)|v20/handshake-(cidstring|nocid))`),
  'a ping #1 follows the answer to the handshake while the version is unknown', TELLING, (lines) => {
    for (let i = lines.length - 1; i >= 0; i--) {
      const packet = lines[i].dir === 's2c' && text(lines[i]);
      if (packet && isHandshakeAnswer(packet)) lines.splice(i + 1, 0, sent(lines[i].client, '#1'));
    }
  });

module.exports = { differences };
