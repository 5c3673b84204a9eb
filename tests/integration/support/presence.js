'use strict';
// Users and watchers of channel presence, as raw sockets (docs/protocol.md, "Presence").

const assert = require('node:assert');
const { Cluster } = require('./cluster');
const { Client } = require('./clients');
const { until } = require('./wait');

const CALM = { pingInterval: 60000, pingTimeout: 120000 };
const LONG_MS = 600000; // an interval in which no test ends: what is seen then, no ping has brought

function start(t, { interval = LONG_MS, app, options, ...settings } = {}) {
  return Cluster.of(t, {
    workers: 2,
    brokers: 2,
    plugins: [
      { name: 'stateless_presence', options: { presenceInterval: interval } },
      { test: 'trace_app', options: app },
      { test: 'whoami' },
      { test: 'probe' },
    ],
    ...settings,
    options: { ...CALM, ...options },
  });
}

// A socket on a worker, logged in with these claims (or as that user) and subscribed.
async function member(t, cluster, worker, claims, channels = []) {
  const raw = await cluster.connectOn(worker, { name: JSON.stringify(claims) });
  t.after(() => raw.destroy());
  if (claims !== null) await raw.ask('login', typeof claims === 'string' ? { username: claims } : claims);
  for (const channel of channels) assert.strictEqual((await raw.subscribe(channel)).error, undefined);
  return raw;
}

// A socket that hears all packets of the presence of a channel.
async function watcher(t, cluster, worker, channel = 'room') {
  const raw = await cluster.connectOn(worker, { name: `watcher of ${channel}` });
  t.after(() => raw.destroy());
  const place = `presence>${channel}`;
  assert.strictEqual((await raw.subscribe(place)).error, undefined);
  const packets = () => raw.messages(place);
  return {
    raw,
    packets,
    next: (type, username) =>
      raw.message(place, (packet) => packet.type === type && (username === undefined || packet.username === username)),
    // Joins and leaves of users, as "+ada", "-ada".
    changes: () => packets()
      .filter((packet) => packet.type !== 'ping' && (packet.type !== 'join' || packet.username !== undefined))
      .map((packet) => `${{ join: '+', leave: '-' }[packet.type] || packet.type}${packet.username}`),
    pings: () => packets().filter((packet) => packet.type === 'ping'),
    count: (predicate) => packets().filter(predicate).length,
  };
}

let marks = 0;

// When this returns, the watcher has heard all that earlier actions on that worker have led to.
async function settle(t, cluster, worker, watch, channel = 'room') {
  const name = `mark-${++marks}`;
  const raw = await member(t, cluster, worker, name, [channel]);
  await watch.next('join', name);
  raw.destroy();
  await watch.next('leave', name);
}

// Without the marks of `settle`.
function changesOf(watch) {
  return watch.changes().filter((change) => !change.includes('mark-'));
}

// A published client on that worker.
async function clientOn(t, cluster, version, worker) {
  return until(`a client ${version} on worker ${worker}`, async () => {
    const client = Client.create(version, cluster.port);
    await client.opened();
    if ((await client.call('worker')).id === worker) {
      t.after(() => client.close());
      return client;
    }
    client.close();
    return false;
  });
}

module.exports = { LONG_MS, changesOf, clientOn, member, settle, start, watcher };
