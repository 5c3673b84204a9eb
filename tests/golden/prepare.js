'use strict';
// What the replay has to know of a trace beside its lines: options of the cluster and of the test application, where time
// matters, and which frames are compared.

const { packetsOf, parse } = require('./replay');

const SHORT_PINGS = /\/ping-|\/expiry-pong$|\/codec-minbin(-v6)?$/;
const SLOWER = 3; // times of traces with short pings are stretched: a busy machine may stall for 100 ms
const GAP_MS = 1500; // a longer pause in an expiry trace: the recording program waited for the token to expire

// Options of the originals that change nothing that the trace's clients see beyond its listed differences.
const WITHOUT_COUNTERPART = ['presenceInterval'];

// Options of the test application (tests/plugins/trace_app).
const APPLICATION = {
  'subscribe-mw': { middleware: 'subscribe' },
  'publish-in-mw': { middleware: 'publishIn' },
  'publish-out-mw': { middleware: 'publishOut' },
  'event-emit-mw': { middleware: 'emit' },
  'authenticate-mw': { middleware: 'authenticate' },
  'v14/handshake-sc-mw': { middleware: 'handshake14' },
  'v20/handshake-sc-mw': { middleware: 'handshake20' },
  'transport-handshake-mw': { middleware: 'upgrade' },
  'subscribe-blocked-later': { middleware: 'subscribeRoom' },
  'expiry-inbound': { echo: 'authed' },
};

function prepare(trace) {
  trace.hasShortPings = SHORT_PINGS.test(trace.name);
  if (trace.hasShortPings) slowDown(trace);
  trace.hasArrays = trace.name === 'v20/batch-v20-server';
  if (trace.hasArrays) trace.lines = trace.lines.flatMap((line) => (line.dir === 's2c' ? packetsOf(line) : [line]));
  trace.isTimed = trace.scenario === 'ping-other-traffic';
  if (trace.expiresAt !== undefined) markExpiry(trace);
  if (trace.folder === 'presence-v6') {
    trace.filter = isNoPresencePing;
    trace.hasStreams = true; // joins come from brokers, at their own time between the answers of a worker
  }
  if (trace.name === 'cluster-v6/two-workers-order') allowAnyOrder(trace, '#publish');
  allowAnyOrder(trace, '"type":"pong"');
  trace.lines = trace.lines.filter((line) => line.dir !== 'client' && (!trace.filter || trace.filter(line)));
  trace.lines = trace.lines.filter((line) => !isUnsentEof(trace, line));
  return trace;
}

// Messages of several publishers: how they mix varies.
function allowAnyOrder(trace, part) {
  for (const line of trace.lines)
    if (line.dir === 's2c' && line.frame === 'text' && line.payload.includes(part)) line.hasAnyOrder = true;
}

function slowDown(trace) {
  trace.options = {
    ...trace.options,
    pingInterval: trace.options.pingInterval * SLOWER,
    pingTimeout: trace.options.pingTimeout * SLOWER,
  };
  trace.scale = SLOWER;
  for (const line of trace.lines)
    if (line.frame === 'text')
      line.payload = line.payload.replace(/"pingTimeout":\d+/, `"pingTimeout":${trace.options.pingTimeout}`);
}

function markExpiry(trace) {
  let earlier = 0;
  for (const line of trace.lines) {
    if (line.dir === 'c2s' && line.t - earlier > GAP_MS) line.afterExpiry = true;
    earlier = line.t;
  }
}

// "The moment of the first presence ping after a start" varies (traces' README.md): they are tested elsewhere.
function isNoPresencePing(line) {
  const packet = line.frame === 'text' && line.dir !== 'c2s' && parse(line.payload);
  const message = packet && packet.event === '#publish' && packet.data && packet.data.data;
  return !(message && message.type === 'ping');
}

// After a close frame either side may close TCP first.
function isUnsentEof(trace, line) {
  return line.frame === 'eof' && trace.lines.some((other) => other.frame === 'close' && other.client === line.client);
}

// What a cluster must be started with.
function settings(trace) {
  const options = { ...trace.options };
  const { workers = 1, brokers = 1, presenceInterval } = options;
  for (const name of [...WITHOUT_COUNTERPART, 'workers', 'brokers']) delete options[name];
  const app = { test: 'trace_app', options: APPLICATION[trace.name] || APPLICATION[trace.scenario] };
  const presence = { name: 'stateless_presence', options: { presenceInterval } };
  return { workers, brokers, options, plugins: presenceInterval === undefined ? [app] : [presence, app] };
}

module.exports = { prepare, settings };
