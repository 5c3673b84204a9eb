'use strict';
// Our presence client and the plugin's complete lists, presence data and roster mode. The interval is so long that no ping
// comes during a test: what is seen, lists and single packets have brought.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, trackPresence } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { RECONNECT_SOON, TRACKED_VERSIONS, Tracked, tracker } = require('./support/own_presence');
const { LONG_MS, member } = require('./support/presence');
const { until } = require('./support/wait');

function startPlugin(options) {
  return Cluster.start({
    workers: 2,
    brokers: 2,
    plugins: [
      { name: 'stateless_presence', options: { presenceInterval: LONG_MS, ...options } },
      { test: 'trace_app' },
      { test: 'whoami' },
    ],
    options: { pingInterval: 60000, pingTimeout: 120000 },
  });
}

// In the last, a channel's first members already make it one of many.
const MODES = { original: { mode: 'original' }, roster: { mode: 'roster' }, auto: { rosterThreshold: 1 } };

for (const [mode, options] of Object.entries(MODES)) {
  describe(`our presence client and a plugin in ${mode} mode`, () => {
    let cluster;
    before(async () => {
      cluster = await startPlugin(options);
    });
    after(() => cluster.stop());

    let rooms = 0;
    const newRoom = () => `room ${++rooms}`;
    const members = async (t, room, ...claims) => {
      const made = [];
      for (const [i, entry] of claims.entries()) made.push(await member(t, cluster, i % 2, entry, [room]));
      return made;
    };
    const track = (t, version, channel, more) =>
      tracker(t, version, cluster.port, { channel, presence: { presenceCheckInterval: 100 }, ...more });

    for (const version of TRACKED_VERSIONS) {
      test(`get the complete list at once, on client ${version}`, async (t) => {
        const room = newRoom();
        await members(t, room, 'ada', { username: 42 }, 'bob', { username: true }, { username: '__proto__' });
        const watching = await track(t, version, room);
        assert.deepStrictEqual((await watching.tracking.ready).sort(), ['42', '__proto__', 'ada', 'bob', 'true']);
        assert.deepStrictEqual((await watching.event('ready')).users.length, 5);
        assert.strictEqual((await watching.events.next(({ username }) => String(username) === '42')).username, 42);
        const empty = new Tracked(watching.client, {}, newRoom());
        t.after(() => empty.presence.destroy());
        assert.deepStrictEqual(await empty.tracking.ready, []);
      });

      test(`follow joins and leaves after it, on client ${version}`, async (t) => {
        const room = newRoom();
        const [ada, bob] = await members(t, room, 'ada', 'bob');
        const watching = await track(t, version, room);
        await watching.tracking.ready;
        const [cy] = await members(t, room, 'cy');
        await watching.event('join', 'cy');
        for (const raw of [ada, bob, cy]) raw.destroy();
        await watching.untilList([]);
        const seen = watching.reported();
        assert.deepStrictEqual([...seen].sort(), ['+ada', '+bob', '+cy', '-ada', '-bob', '-cy', 'ready']);
      });

      test(`find out who left while client ${version} was away, and report nobody else`, async (t) => {
        const room = newRoom();
        const [, goes] = await members(t, room, 'stays', 'goes', 'stays too');
        const watching = await track(t, version, room, RECONNECT_SOON);
        await watching.tracking.ready;
        watching.client.disconnect();
        await until('the end of the connection', () => watching.client.socket.state === 'closed');
        goes.destroy();
        await members(t, room, 'new');
        const observer = await track(t, version, room);
        await observer.untilList(['new', 'stays', 'stays too']);
        assert.deepStrictEqual(watching.list.sort(), ['goes', 'stays', 'stays too']);
        watching.client.socket.connect();
        await until('the second ready', () => watching.reported().filter((entry) => entry === 'ready').length === 2);
        assert.deepStrictEqual(watching.list.sort(), ['new', 'stays', 'stays too']);
        assert.deepStrictEqual(watching.reported().slice(4).sort(), ['+new', '-goes', 'ready']);
      });

      test(`know what is said of users, on client ${version}`, async (t) => {
        const room = newRoom();
        const status = (text) => ({ status: text });
        const [ada] = await members(t, room, { username: 'ada', presence: status('early') }, 'bob');
        const watching = await track(t, version, room);
        await watching.tracking.ready;
        const data = (name) => watching.presence.getPresenceData(room, name);
        assert.deepStrictEqual([data('ada'), data('bob')], [status('early'), null]);
        await members(t, room, { username: 'cy', presence: { list: [1, { a: null }] } });
        assert.deepStrictEqual((await watching.event('join', 'cy')).data, { list: [1, { a: null }] });
        await ada.ask('login', { username: 'ada', presence: status('late') });
        assert.deepStrictEqual((await watching.event('update', 'ada')).data, status('late'));
        await ada.ask('login', { username: 'ada' });
        assert.strictEqual((await watching.event('update', 'ada')).data, null);
        assert.deepStrictEqual([data('ada'), data('cy')], [null, { list: [1, { a: null }] }]);
        assert.ok(!watching.reported().includes('-ada'));
      });
    }

    test('agree with the published presence client on who is there', async (t) => {
      const room = newRoom();
      await members(t, room, 'ada', 'bob', 'cy');
      const old = await Client.of(t, '14.3.2', cluster.port);
      const published = trackPresence(old, [room]);
      const ours = await track(t, '20.0.2', room);
      assert.deepStrictEqual((await ours.tracking.ready).sort(), ['ada', 'bob', 'cy']);
      if (mode !== 'original') await published.untilList(['ada', 'bob', 'cy']); // in the other mode, with the next ping
      const [dan] = await members(t, room, 'dan');
      await published.change('join', 'dan');
      await ours.event('join', 'dan');
      dan.destroy();
      await published.change('leave', 'dan');
      await ours.event('leave', 'dan');
    });

    test('get a list that needs several packets', async (t) => {
      const room = newRoom();
      const names = Array.from({ length: 60 }, (none, i) => `${i} ${'x'.repeat(900)}`);
      await members(t, room, ...names);
      const watching = await track(t, '20.0.2', room);
      assert.deepStrictEqual((await watching.tracking.ready).sort(), names.sort());
    });
  });
}
