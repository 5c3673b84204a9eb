'use strict';
// Users and watchers of channel presence, as raw sockets (docs/protocol.md, "Presence").

const assert = require('node:assert');
const { Cluster } = require('./cluster');
const { Client } = require('./clients');
const { until } = require('./wait');

const CALM = { pingInterval: 60000, pingTimeout: 120000 };
const LONG_MS = 600000; // an interval in which no test ends: what is seen then, no ping has brought

// `presence`: more options of the plugin.
function start(t, { interval = LONG_MS, presence, app, options, ...settings } = {}) {
  return Cluster.of(t, {
    workers: 2,
    brokers: 2,
    plugins: [
      { name: 'stateless_presence', options: { presenceInterval: interval, ...presence } },
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

// A socket that asks for rosters, and believes what docs/protocol.md, "Presence", says that such a client believes.
async function rosterTracker(t, cluster, worker, channel = 'room') {
  const raw = await cluster.connectOn(worker, { name: `roster of ${channel}` });
  t.after(() => raw.destroy());
  const place = `presence>${channel}`;
  const view = { raw, users: new Map(), events: [], parts: [], ready: 0, packets: () => raw.messages(place) };
  const come = (user, data) => {
    const name = String(user);
    if (view.seen) view.seen.add(name);
    if (!view.users.has(name)) view.events.push(`+${name}`);
    view.users.set(name, data === undefined ? view.users.get(name) : data);
  };
  const go = (name) => {
    if (view.seen) view.seen.delete(name);
    if (view.users.delete(name)) view.events.push(`-${name}`);
  };
  const take = {
    join: (packet) => packet.username !== undefined && come(packet.username, packet.data || null),
    ping: (packet) => packet.users.forEach((name) => come(name, (packet.data || {})[name])),
    leave: (packet) => go(String(packet.username)),
    update: (packet) => view.users.has(String(packet.username)) && view.users.set(String(packet.username), packet.data),
    roster: (packet) => {
      view.parts.push({ part: packet.part, last: packet.last });
      if (packet.part === 0) view.seen = new Set();
      packet.users.forEach((user) => come(user, (packet.data || {})[String(user)] || null));
      if (!packet.last) return;
      for (const name of [...view.users.keys()]) if (!view.seen.has(name)) go(name);
      view.seen = undefined;
      view.ready++;
    },
  };
  const push = raw.inbox.push.bind(raw.inbox);
  raw.inbox.push = (item) => {
    const packet = item.frame === 'text' && item.payload[0] === '{' ? JSON.parse(item.payload) : {};
    if (packet.event === '#publish' && packet.data.channel === place && take[packet.data.data.type])
      take[packet.data.data.type](packet.data.data);
    push(item);
  };
  view.list = () => [...view.users.keys()].sort();
  view.untilList = (names) =>
    until(`the list ${names}`, () => JSON.stringify(view.list()) === JSON.stringify([...names].sort()))
      .catch((error) => {
        throw new Error(`${error.message}; it is ${view.list()}`);
      });
  assert.strictEqual((await raw.subscribe(place, { data: { roster: 1 } })).error, undefined);
  await until('the roster', () => view.ready > 0);
  return view;
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

module.exports = { LONG_MS, changesOf, clientOn, member, rosterTracker, settle, start, watcher };
