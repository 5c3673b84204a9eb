'use strict';
// The fifteen defects of the original presence (docs/protocol.md, "Defects of the original"): none of them is here. The tests
// bear the numbers of that list.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { trackPresence } = require('./support/clients');
const { changesOf, clientOn, member, settle, start, watcher } = require('./support/presence');
const { sign } = require('./support/token');

const FAR_S = 4102444800; // 2100
const INTERVAL_MS = 400;

// Three pings that list `marker` go by; none since then may list `name`.
async function assertNotPinged(watch, name, marker) {
  const from = watch.pings().length;
  for (let i = 0; i < 3; i++) await watch.raw.message('presence>room', (packet) => packet.type === 'ping' && packet.users.includes(marker));
  const later = watch.pings().slice(from + 1);
  assert.ok(!later.some((ping) => ping.users.includes(name)), `${name} is still pinged`);
}

describe('presence has no longer', () => {
  test('1: a leave while another socket of the user is there', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const first = await member(t, cluster, 0, 'ada', ['room']);
    const second = await member(t, cluster, 0, 'ada', ['room']);
    await watch.next('join', 'ada');
    first.destroy();
    await settle(t, cluster, 0, watch);
    assert.ok(!watch.changes().includes('-ada'));
    second.destroy();
    await watch.next('leave', 'ada');
  });

  test('2: ghosts of users who logged in after they had subscribed', async (t) => {
    const cluster = await start(t, { interval: INTERVAL_MS });
    const watch = await watcher(t, cluster, 0);
    const odd = await watcher(t, cluster, 0, 'presence>room');
    await member(t, cluster, 0, 'marker', ['room']);
    const ada = await member(t, cluster, 0, null, ['room', 'presence>room']);
    await ada.subscribe(`presence>socket/${ada.id}`);
    await ada.ask('login', { username: 'ada' });
    await watch.next('join', 'ada');
    ada.destroy();
    await watch.next('leave', 'ada');
    await assertNotPinged(watch, 'ada', 'marker');
    assert.deepStrictEqual(odd.packets().filter((packet) => packet.type !== 'join' || packet.username !== undefined), []);
  });

  test('3: ghosts of refused subscriptions', async (t) => {
    for (const settings of [{ app: { middleware: 'subscribeRoom' } }, { options: { socketChannelLimit: 1 } }]) {
      const cluster = await start(t, { interval: INTERVAL_MS, ...settings });
      const watch = await watcher(t, cluster, 0);
      const ada = await member(t, cluster, 0, 'ada', ['one']);
      assert.notStrictEqual((await ada.subscribe('room')).error, undefined);
      ada.destroy();
      const other = await watcher(t, cluster, 0, 'one');
      await member(t, cluster, 0, 'marker', ['one']);
      for (let i = 0; i < 3; i++) await other.next('ping');
      assert.deepStrictEqual(changesOf(watch), []);
      assert.deepStrictEqual(watch.pings(), []);
    }
  });

  test('4: users who are still there after a kickOut', async (t) => {
    const cluster = await start(t, { interval: INTERVAL_MS });
    const watch = await watcher(t, cluster, 0);
    await member(t, cluster, 0, 'marker', ['room']);
    const ada = await member(t, cluster, 0, 'ada', ['room']);
    await watch.next('join', 'ada');
    await ada.ask('kick', { channel: 'room' });
    await watch.next('leave', 'ada');
    await assertNotPinged(watch, 'ada', 'marker');
  });

  test('5: ghosts of users who lost their token without a deauthentication', async (t) => {
    const cluster = await start(t, { interval: INTERVAL_MS });
    const watch = await watcher(t, cluster, 0);
    await member(t, cluster, 0, 'marker', ['room']);
    const ada = await member(t, cluster, 0, 'ada', ['room']);
    await watch.next('join', 'ada');
    const answer = await ada.call('#authenticate', sign({ username: 'ada', nbf: FAR_S, exp: FAR_S + 1 }));
    assert.strictEqual(answer.data.isAuthenticated, false);
    await watch.next('leave', 'ada');
    await assertNotPinged(watch, 'ada', 'marker');
  });

  test('6: channels with presence> in the middle of their names that have none', async (t) => {
    const cluster = await start(t);
    const channel = 'my-presence>room';
    const watch = await watcher(t, cluster, 0, channel);
    const ada = await member(t, cluster, 0, 'ada', [channel]);
    await watch.next('join', 'ada');
    ada.send({ event: '#publish', data: { channel, data: 'hello' } });
    assert.strictEqual(await ada.message(channel), 'hello');
    const bob = await member(t, cluster, 1, null, [channel]);
    await bob.ask('login', { username: 'bob' });
    await watch.next('join', 'bob');
    for (const raw of [ada, bob]) raw.destroy();
    await watch.next('leave', 'ada');
    await watch.next('leave', 'bob');
    assert.deepStrictEqual(ada.messages(channel), ['hello']);
    assert.deepStrictEqual(bob.messages(channel), []);
  });

  test('7: leaves without a username', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const raw = await member(t, cluster, 0, { uid: 7 }, ['room']);
    await raw.call('#unsubscribe', 'room');
    await settle(t, cluster, 0, watch);
    assert.deepStrictEqual(changesOf(watch), []);
  });

  test('8: a second leave of who logs out and comes back as somebody else', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const raw = await member(t, cluster, 0, 'ada', ['room']);
    await watch.next('join', 'ada');
    await raw.ask('deauth');
    await watch.next('leave', 'ada');
    await raw.ask('login', { username: 'bob' });
    await watch.next('join', 'bob');
    await settle(t, cluster, 0, watch);
    assert.deepStrictEqual(changesOf(watch), ['+ada', '-ada', '+bob']);
  });

  test('9: leaves of channels that one is not in', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    await member(t, cluster, 1, 'ada', ['room']);
    await watch.next('join', 'ada');
    const other = await member(t, cluster, 0, 'ada');
    await other.call('#unsubscribe', 'room');
    other.send({ event: '#unsubscribe', data: 'room' });
    await settle(t, cluster, 0, watch);
    assert.deepStrictEqual(changesOf(watch), ['+ada']);
  });

  test('10: trackers that newcomers take for members', async (t) => {
    const cluster = await start(t);
    const tracker = await clientOn(t, cluster, '6.4.0', 0);
    const tracked = trackPresence(tracker, ['room']);
    await tracker.login({ username: 'tracker' });
    const ada = await clientOn(t, cluster, '6.4.0', 1);
    const presence = trackPresence(ada, ['room']);
    await ada.login({ username: 'ada' });
    await ada.until('the token', () => ada.isAuthenticated);
    await ada.subscribe('room');
    await presence.untilList(['ada']);
    await tracked.untilList(['ada']);
    const watch = await watcher(t, cluster, 0);
    await settle(t, cluster, 0, watch);
    assert.deepStrictEqual(tracked.changes.all.filter((change) => change.username === 'tracker'), []);
    assert.deepStrictEqual(presence.changes.all.filter((change) => change.username === 'tracker'), []);
  });

  test('11: false joins, leaves and pongs of clients', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const ada = await member(t, cluster, 0, 'ada', ['room']);
    await ada.subscribe(`presence>socket/${ada.id}`);
    const eve = await member(t, cluster, 1, 'eve', ['room']);
    await watch.next('join', 'eve');
    const lies = [
      { type: 'join', username: 'ghost', timeout: 600000, socketId: 'x' },
      { type: 'leave', username: 'ada' },
      { type: 'ping', timeout: 600000, users: ['ghost'] },
    ];
    for (const packet of lies) assert.notStrictEqual((await eve.publish('presence>room', packet)).error, undefined);
    const pongs = [
      { type: 'pong', channel: 'room', username: 'ghost', timeout: 1000 },
      { type: 'pong', channel: 'elsewhere', username: 'eve', timeout: 1000 },
      { type: 'pong', channel: 'room', username: 'eve', timeout: 1e12 },
      { type: 'join', username: 'ghost' },
      'text',
    ];
    for (const packet of pongs) assert.notStrictEqual((await eve.publish(`presence>socket/${ada.id}`, packet)).error, undefined);
    const good = { type: 'pong', channel: 'room', username: 'eve', timeout: 1000 };
    assert.strictEqual((await eve.publish(`presence>socket/${ada.id}`, good)).error, undefined);
    assert.deepStrictEqual(await ada.message(`presence>socket/${ada.id}`), good);
    await settle(t, cluster, 1, watch);
    assert.deepStrictEqual(changesOf(watch), ['+ada', '+eve']);
    assert.deepStrictEqual(ada.messages(`presence>socket/${ada.id}`), [good]);
    assert.notStrictEqual((await eve.subscribe(`presence>socket/${ada.id}`)).error, undefined);
  });

  test('12: a channel `undefined` for subscriptions with a plain string', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const odd = await watcher(t, cluster, 0, 'undefined');
    const ada = await member(t, cluster, 0, 'ada');
    assert.strictEqual((await ada.call('#subscribe', 'room')).error, undefined);
    await watch.next('join', 'ada');
    await ada.call('#unsubscribe', 'room');
    await watch.next('leave', 'ada');
    assert.deepStrictEqual(odd.changes(), []);
  });

  test('13: users of a dead worker who are there until their timeout', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    await member(t, cluster, 1, 'ada', ['room']);
    await watch.next('join', 'ada');
    process.kill(await cluster.worker(1), 'SIGKILL');
    await watch.next('leave', 'ada');
  });

  test('14: joins that come before their subscriber can hear them', async (t) => {
    const cluster = await start(t);
    const ada = await member(t, cluster, 0, 'ada');
    ada.send({ event: '#subscribe', data: { channel: 'room' }, cid: 100 });
    ada.send({ event: '#subscribe', data: { channel: 'presence>room' }, cid: 101 });
    const join = await ada.message('presence>room', (packet) => packet.username === 'ada');
    assert.strictEqual(join.type, 'join');
    assert.strictEqual(join.socketId, ada.id);
  });

  test('15: names that misbehave because JavaScript objects have them', async (t) => {
    const cluster = await start(t, { interval: INTERVAL_MS });
    for (const channel of ['__proto__', 'constructor', 'hasOwnProperty']) {
      const watch = await watcher(t, cluster, 0, channel);
      const raw = await member(t, cluster, 1, '__proto__', [channel]);
      await watch.next('join', '__proto__');
      assert.deepStrictEqual((await watch.next('ping')).users, ['__proto__']);
      raw.destroy();
      await watch.next('leave', '__proto__');
    }
  });
});
