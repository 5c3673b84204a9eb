'use strict';
// Our presence client (plugins/stateless_presence/client) on each generation of published clients, against a scripted
// server and with a time that passes only when a test says so. presence_client_cluster.test.js has the real server.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { describe, test } = require('node:test');
const { Client } = require('./support/clients');
const { FakeServer } = require('./support/fake_server');
const { MODULE, ManualClock, RECONNECT_SOON, TRACKED_VERSIONS, Tracked, create } = require('./support/own_presence');
const { Inbox, later, until } = require('./support/wait');

const PLACE = 'presence>room';
const T = 13000;

const join = (username, more) => ({ type: 'join', username, timeout: T, socketId: 'other', ...more });
const leave = (username) => ({ type: 'leave', username });
const ping = (...users) => ({ type: 'ping', timeout: T, users });
const roster = (part, last, users, more) => ({ type: 'roster', part, last, timeout: T, users, ...more });

let marks = 0;

// A published client with our presence client, which tracks `room`, and the server's end of its connection.
class World {
  static async of(t, version, { options, presence, channel } = {}) {
    const server = await FakeServer.of(t);
    const clock = new ManualClock();
    const client = Client.create(version, server.port, options);
    const tracked = new Tracked(client, { clock, ...presence }, channel);
    t.after(() => {
      tracked.presence.destroy();
      client.close();
    });
    const world = Object.assign(new World(), { server, clock, client, tracked, presence: tracked.presence });
    await world.arrive();
    return world;
  }

  // The next connection, as soon as it is subscribed.
  async arrive(place = PLACE) {
    this.peer = await this.server.peer();
    await this.peer.next('#subscribe', place);
  }

  async say(...packets) {
    for (const packet of packets) this.peer.publish(PLACE, packet);
    await this.settle();
  }

  // When this returns, the client has taken all that was said before.
  async settle() {
    const mark = `mark-${++marks}`;
    this.peer.publish(PLACE, join(mark, { socketId: undefined }));
    this.peer.publish(PLACE, leave(mark));
    await this.tracked.event('leave', mark);
  }

  get list() {
    return this.tracked.list;
  }

  reported() {
    return this.tracked.reported().filter((entry) => !entry.includes('mark-'));
  }

  async reconnect(place) {
    this.peer.drop();
    await this.arrive(place);
  }

  async isLost() {
    await until('the end of the connection', () => this.client.socket.state !== 'open' && !this.presence.isReady('room'));
  }
}

for (const version of ['5.5.2', ...TRACKED_VERSIONS]) {
  describe(`our presence client on client ${version}`, () => {
    test('asks for the list, after it has subscribed to its own channel', async (t) => {
      const { peer } = await World.of(t, version);
      assert.deepStrictEqual(peer.subscriptions(), [`presence>socket/${peer.id}`, PLACE]);
      const asked = peer.packets.all.find(({ data }) => data && data.channel === PLACE);
      assert.deepStrictEqual(asked.data.data, { roster: 1 });
    });

    test('reports each join and each leave once', async (t) => {
      const world = await World.of(t, version);
      await world.say(join('ada'), join('ada'), ping('ada', 'bob'), leave('ada'), leave('ada'), leave('who'), join('ada'));
      assert.deepStrictEqual(world.reported(), ['+ada', '+bob', '-ada', '+ada']);
      assert.deepStrictEqual(world.list, ['bob', 'ada']);
      assert.ok(world.presence.isPresent('room', 'ada'));
      assert.ok(!world.presence.isPresent('room', 'cy'));
      assert.ok(!world.presence.isPresent('hall', 'ada'));
    });

    test('is ready with the last part of the list, and not before', async (t) => {
      const world = await World.of(t, version);
      await world.say(roster(0, false, ['ada', 42]), join('bob'), roster(1, false, ['cy']));
      assert.ok(!world.presence.isReady('room'));
      await world.say(roster(2, true, ['dan', 'ada']));
      assert.deepStrictEqual(world.reported(), ['+ada', '+42', '+bob', '+cy', '+dan', 'ready']);
      assert.deepStrictEqual(await world.tracked.tracking.ready, ['ada', '42', 'bob', 'cy', 'dan']);
      await world.say(roster(0, true, ['ada']));
      assert.strictEqual(world.reported().filter((entry) => entry === 'ready').length, 1);
    });

    test('is ready with an empty list', async (t) => {
      const world = await World.of(t, version);
      await world.say(roster(0, true, []));
      assert.deepStrictEqual((await world.tracked.event('ready')).users, []);
    });

    test('takes a list whose parts are out of order for none', async (t) => {
      const world = await World.of(t, version);
      await world.say(roster(1, true, ['early']), roster(0, false, ['ada']), roster(2, true, ['late']), roster(1, true, ['void']));
      assert.deepStrictEqual(world.reported(), ['+ada']);
      await world.say(roster(0, false, ['cy']), roster(0, false, ['ada']), roster(1, true, ['bob']));
      assert.deepStrictEqual(world.reported(), ['+ada', '+cy', '+bob', '-cy', 'ready']);
    });

    test('keeps the list over a reconnection, and reports only who has really gone', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada', 'bob', 'cy', 'dan', 'eve']));
      await world.reconnect();
      assert.deepStrictEqual(world.list, ['ada', 'bob', 'cy', 'dan', 'eve']);
      assert.ok(!world.presence.isReady('room'));
      assert.deepStrictEqual(world.peer.subscriptions(), [`presence>socket/${world.peer.id}`, PLACE]);
      await world.say(roster(0, false, ['ada', 'fay']), join('bob'), ping('cy'), roster(1, true, []));
      assert.deepStrictEqual(world.list, ['ada', 'bob', 'cy', 'fay']);
      assert.deepStrictEqual(world.reported().slice(6), ['+fay', '-dan', '-eve', 'ready']);
    });

    test('a leave between the parts is one', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada', 'bob']));
      await world.reconnect();
      await world.say(roster(0, false, ['ada', 'bob']), leave('ada'), roster(1, true, []));
      assert.deepStrictEqual(world.reported().slice(3), ['-ada', 'ready']);
      assert.deepStrictEqual(world.list, ['bob']);
    });

    test('lets no time run out while it is away', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada']));
      world.server.refusals.set(PLACE, 'silence');
      await world.reconnect();
      world.clock.pass(10 * T);
      assert.deepStrictEqual(world.list, ['ada']);
    });

    test('gives everybody one timeout after a reconnection to a server without lists', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(join('ada'), join('bob'));
      world.clock.pass(T - 1000);
      await world.reconnect();
      await world.settle();
      world.clock.pass(T - 2000);
      await world.say(ping('ada'));
      assert.deepStrictEqual(world.reported().filter((entry) => entry !== 'ready'), ['+ada', '+bob']);
      world.clock.pass(4000);
      assert.deepStrictEqual(world.list, ['ada']);
      assert.ok(world.reported().includes('-bob'));
    });

    test('gives everybody the timeout that was said last', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say({ ...join('ada'), timeout: 3000 }, { ...ping('ada'), timeout: 60000 });
      await world.reconnect();
      await world.settle();
      world.clock.pass(50000);
      assert.deepStrictEqual(world.list, ['ada']);
      world.clock.pass(15000);
      assert.deepStrictEqual(world.list, []);
    });

    test('lets times run when it is refused after a reconnection', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(join('ada'));
      world.server.refusals.set(PLACE, 'silence');
      await world.reconnect();
      world.clock.pass(2 * T);
      world.server.refusals.set(PLACE, { name: 'Error', message: 'no' });
      await world.reconnect();
      await world.tracked.event('fail');
      world.clock.pass(T - 2000);
      assert.deepStrictEqual(world.list, ['ada']);
      world.clock.pass(4000);
      assert.deepStrictEqual(world.list, []);
    });

    test('is ready soon where a reconnection leads to a server without lists', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada']));
      await world.reconnect();
      await world.say(ping('ada'));
      world.clock.pass(2500);
      assert.ok(world.presence.isReady('room'));
    });

    test('reports everybody gone at a disconnection if it is told to', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON, presence: { clearOnDisconnect: true } });
      await world.say(roster(0, true, ['ada', 'bob']));
      await world.reconnect();
      assert.deepStrictEqual(world.reported(), ['+ada', '+bob', 'ready', '-ada', '-bob']);
      assert.deepStrictEqual(world.list, []);
    });

    test('drops who is not named again, and a leave has the form of its join', async (t) => {
      const world = await World.of(t, version);
      await world.say(join(42), join('ada'));
      world.clock.pass(10000);
      await world.say(ping('ada', '42'), leave('42'), join(42), { ...join(true), timeout: 2000 });
      world.clock.pass(4000);
      assert.deepStrictEqual(world.tracked.events.all.filter(({ username }) => username === 42 || username === true)
        .map(({ action, username }) => [action, username]),
      [['join', 42], ['leave', 42], ['join', 42], ['join', true], ['leave', true]]);
      assert.deepStrictEqual(world.list, ['ada', '42']);
      assert.ok(world.presence.isPresent('room', 42));
    });

    test('the last packet that names a user counts, also with a shorter timeout', async (t) => {
      const world = await World.of(t, version);
      await world.say({ ...ping('ada'), timeout: 600000 }, { ...ping('ada'), timeout: 3000 });
      world.clock.pass(5000);
      assert.deepStrictEqual(world.list, []);
    });

    test('does not drop anybody at once when the computer wakes up', async (t) => {
      const world = await World.of(t, version);
      await world.say(ping('ada', 'bob'));
      world.clock.jump(3600000);
      assert.deepStrictEqual(world.list, ['ada', 'bob']);
      await world.say(ping('ada'));
      world.clock.pass(1500);
      assert.deepStrictEqual(world.list, ['ada']);
    });

    test('drops people also where timers are slow', async (t) => {
      const world = await World.of(t, version);
      await world.say(ping('ada'));
      for (let i = 0; i < 4; i++) world.clock.jump(60000);
      assert.deepStrictEqual(world.list, []);
    });

    test('survives and ignores what is no packet', async (t) => {
      const world = await World.of(t, version);
      const timeouts = [undefined, null, NaN, -1, 0, '13000', {}, 2 ** 31, 1e300, true];
      const names = [undefined, null, {}, ['ada']];
      const things = [null, 5, 'join', true, [], [join('ada')], {}, { type: 5 }, { type: 'fly', username: 'ada' }, { type: 'ping' },
        { type: 'ping', users: 'ada', timeout: T }, { type: 'ping', users: { 0: 'ada' }, timeout: T }, { type: 'leave' },
        { type: 'update', username: 'ada', data: { a: 1 } }, { type: 'update' }, { type: 'roster' }, roster(-1, true, ['ada']),
        roster('0', true, ['ada']), roster(0, true, 'ada'), roster(0.5, true, ['ada']), { type: '__proto__' }];
      for (const timeout of timeouts) {
        things.push({ ...join('ada'), timeout }, { ...ping('ada'), timeout }, { ...roster(0, true, ['ada']), timeout });
      }
      for (const name of names) things.push(join(name), leave(name), ping(name));
      await world.say(...things);
      assert.deepStrictEqual(world.reported(), []);
      assert.deepStrictEqual(world.peer.pongs(), []);
      assert.deepStrictEqual(world.list, []);
    });

    test('has users and channels with any name', async (t) => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'ä☃', '0'];
      const world = await World.of(t, version);
      const data = JSON.parse('{"__proto__":{"a":1},"ä☃":{"b":2},"constructor":{"c":3}}');
      await world.say(roster(0, true, names, { data }));
      assert.deepStrictEqual(world.list, names);
      for (const name of names) assert.ok(world.presence.isPresent('room', name), name);
      assert.deepStrictEqual(world.presence.getPresenceData('room', '__proto__'), { a: 1 });
      assert.deepStrictEqual(world.presence.getPresenceData('room', 'constructor'), { c: 3 });
      assert.strictEqual(world.presence.getPresenceData('room', 'toString'), null);
      for (const channel of ['__proto__', 'constructor']) {
        world.presence.trackPresence(channel, (event) => world.tracked.events.push(event));
        await world.peer.next('#subscribe', `presence>${channel}`);
        world.peer.publish(`presence>${channel}`, join('ada'));
        await world.tracked.events.next((event) => event.channel === channel && event.username === 'ada');
        assert.deepStrictEqual(world.presence.getPresenceList(channel), ['ada']);
      }
    });

    test('knows what the application says of users', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      const data = (name) => world.presence.getPresenceData('room', name);
      await world.say(roster(0, true, ['ada', 'bob'], { data: { ada: { status: 'away' }, who: { x: 1 } } }));
      assert.deepStrictEqual([data('ada'), data('bob'), data('who')], [{ status: 'away' }, null, null]);
      await world.say(join('cy', { data: { n: 1 } }), { ...ping('dan', 'ada'), data: { dan: { n: 2 } } }, join('cy'));
      assert.deepStrictEqual([data('ada'), data('cy'), data('dan')], [{ status: 'away' }, { n: 1 }, { n: 2 }]);
      assert.deepStrictEqual((await world.tracked.event('join', 'cy')).data, { n: 1 });
      await world.say({ type: 'update', username: 'cy', data: { n: 5 } }, { type: 'update', username: 'cy', data: { n: 5 } },
        { type: 'update', username: 'dan', data: null }, { type: 'update', username: 'ada', data: [1] });
      assert.deepStrictEqual(world.reported().filter((entry) => entry[0] === '~'), ['~cy', '~dan']);
      assert.deepStrictEqual([data('ada'), data('cy'), data('dan')], [{ status: 'away' }, { n: 5 }, null]);
      await world.reconnect();
      await world.say(roster(0, true, ['ada', 'bob', 'cy'], { data: { bob: { status: 'here' }, cy: { n: 5 } } }));
      assert.deepStrictEqual(world.reported().slice(-4), ['~ada', '~bob', '-dan', 'ready']);
      assert.deepStrictEqual([data('ada'), data('bob'), data('dan')], [null, { status: 'here' }, null]);
    });

    test('shows itself to who comes, in its own name, and only when it has one', async (t) => {
      const world = await World.of(t, version);
      await world.say(join('bob', { socketId: 'first' }));
      world.peer.logIn({ username: 42 });
      await world.client.until('the token', (client) => client.isAuthenticated);
      await world.say(join('bob', { socketId: 'second', timeout: 7000 }), join(undefined, { socketId: 'third' }),
        join('bob', { socketId: '' }), join('bob', { socketId: 5 }), ping('bob'));
      await until('two pongs', () => world.peer.pongs().length >= 2);
      assert.deepStrictEqual(world.peer.pongs(), [
        { channel: 'presence>socket/second', data: { type: 'pong', channel: 'room', username: 42, timeout: 7000 } },
        { channel: 'presence>socket/third', data: { type: 'pong', channel: 'room', username: 42, timeout: T } },
      ]);
    });

    test('heeds pongs on its own channel, for channels that it tracks, and nothing else there', async (t) => {
      const world = await World.of(t, version);
      const own = `presence>socket/${world.peer.id}`;
      const pong = (username, more) => ({ type: 'pong', channel: 'room', username, timeout: T, ...more });
      for (const packet of [pong('x', { channel: 'hall' }), pong('x', { timeout: 'long' }), pong(null), ping('x'), join('x'), null,
        pong('x', { channel: 5 }), pong('ada'), pong('bob')]) world.peer.publish(own, packet);
      await world.tracked.event('join', 'bob');
      await world.say(pong('cy'));
      assert.deepStrictEqual(world.list, ['ada', 'bob']);
      assert.deepStrictEqual(world.presence.getPresenceList('hall'), []);
    });

    test('is ready soon after the first ping where the server has no lists', async (t) => {
      const world = await World.of(t, version);
      await world.say(ping('ada'));
      assert.ok(!world.presence.isReady('room'));
      world.clock.pass(2500);
      assert.deepStrictEqual((await world.tracked.event('ready')).users, ['ada']);
    });

    test('is ready one timeout after its own join where no ping comes', async (t) => {
      const world = await World.of(t, version);
      await world.say({ type: 'join', timeout: 20000, socketId: world.peer.id });
      world.clock.pass(19000);
      assert.ok(!world.presence.isReady('room'));
      world.clock.pass(3000);
      assert.ok(world.presence.isReady('room'));
    });

    test('is ready after 13 seconds of silence, also when a list does not end', async (t) => {
      const world = await World.of(t, version);
      await world.settle();
      world.clock.pass(10000);
      await world.say(roster(0, false, ['ada']), ping('bob'));
      world.clock.pass(10000);
      assert.ok(!world.presence.isReady('room'));
      world.clock.pass(5000);
      assert.deepStrictEqual((await world.tracked.event('ready')).users, ['ada', 'bob']);
    });

    test('tells of a refused subscription, and tries again after a login and at the next connection', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada']));
      world.server.refusals.set(PLACE, { name: 'PresenceError', message: 'not you' });
      await world.reconnect();
      assert.match((await world.tracked.event('fail')).error.message, /not you/);
      world.peer.logIn({ username: 'me' });
      await world.peer.next('#subscribe', PLACE);
      await world.tracked.event('fail');
      assert.deepStrictEqual(world.list, ['ada']);
      world.peer.logOut();
      await world.client.until('the end of the token', (client) => !client.isAuthenticated);
      world.presence.trackPresence('room');
      await world.tracked.event('fail');
      assert.strictEqual(world.peer.subscriptions().filter((channel) => channel === PLACE).length, 3);
      world.server.refusals.clear();
      await world.reconnect();
      await world.say(roster(0, true, ['ada']));
      assert.deepStrictEqual(world.reported(), ['+ada', 'ready', 'fail', 'fail', 'fail', 'ready']);
    });

    test('waits for a login if it is told to', async (t) => {
      const world = await World.of(t, version);
      world.presence.trackPresence('members', null, { waitForAuth: true });
      await world.settle();
      assert.ok(!world.peer.subscriptions().includes('presence>members'));
      world.peer.logIn({ username: 'me' });
      await world.peer.next('#subscribe', 'presence>members');
    });

    test('tells that it was kicked out, lets times run out, and comes back with the next connection', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      await world.say(roster(0, true, ['ada']));
      world.peer.kickOut(PLACE, 'enough');
      const { error } = await world.tracked.event('fail');
      assert.deepStrictEqual([error.name, error.message], ['KickOutError', 'enough']);
      world.peer.logIn({ username: 'me' });
      await world.client.until('the token', (client) => client.isAuthenticated);
      world.clock.pass(T + 2000);
      assert.deepStrictEqual(world.reported(), ['+ada', 'ready', 'fail', '-ada']);
      assert.strictEqual(world.peer.subscriptions().length, 2);
      await world.reconnect();
      await world.say(join('bob'));
      assert.deepStrictEqual(world.list, ['bob']);
    });

    test('a function that did not ask for it hears joins and leaves alone', async (t) => {
      const world = await World.of(t, version);
      const heard = [];
      const methods = [];
      world.presence.trackPresence('room', ({ action, username }) => heard.push(`${action} ${username}`));
      const note = (event) => methods.push(event.action);
      world.presence.trackPresence('room', { join: note, ready: note, update: note, other: 5 });
      await world.say(join('ada', { data: { a: 1 } }), { type: 'update', username: 'ada', data: { a: 2 } }, roster(0, true, []), leave('ada'));
      assert.deepStrictEqual(heard.filter((entry) => !entry.includes('mark-')), ['join ada', 'leave ada']);
      assert.deepStrictEqual(methods.filter((action) => action !== 'join'), ['update', 'ready']);
    });

    test('who comes later hears that the list is ready, once', async (t) => {
      const world = await World.of(t, version);
      await world.say(roster(0, true, ['ada']));
      const late = new Inbox('the late one');
      const { ready } = world.presence.trackPresence('room', (event) => late.push(event), { events: true });
      assert.deepStrictEqual(late.all, []);
      assert.deepStrictEqual((await late.next()).users, ['ada']);
      assert.deepStrictEqual(await ready, ['ada']);
      await world.settle();
      assert.strictEqual(late.all.filter(({ action }) => action === 'ready').length, 1);
    });

    test('ends with its last listener, and frees what it held', async (t) => {
      const world = await World.of(t, version);
      const more = () => {};
      const handle = world.presence.trackPresence('room', more);
      const silent = world.presence.trackPresence('room');
      assert.strictEqual(world.presence.channelListeners.room.length, 2);
      world.presence.untrackPresence('room', () => {});
      handle.untrack();
      world.tracked.tracking.untrack();
      assert.deepStrictEqual(world.presence.channelListeners.room, []);
      assert.strictEqual(world.clock.timers.size, 1);
      silent.untrack();
      silent.untrack();
      assert.deepStrictEqual(await silent.ready, []);
      assert.strictEqual(world.clock.timers.size, 0);
      const gone = [await world.peer.next('#unsubscribe'), await world.peer.next('#unsubscribe')].map(({ data }) => data.channel || data);
      assert.deepStrictEqual(gone, [PLACE, `presence>socket/${world.peer.id}`]);
      assert.deepStrictEqual(world.client.socket.subscriptions(true), []);
    });

    test('leaves no listener, stream or channel behind', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      const { socket } = world.client;
      const count = () => (socket.listeners
        ? ['connect', 'disconnect', 'authenticate', 'authTokenChange', 'subscribe', 'subscribeFail', 'kickOut']
          .map((event) => socket.listeners(event).length).concat(socket.watchers(PLACE).length)
        : [socket.getAllListenersConsumerStatsList().length, socket.getAllChannelOutputsConsumerStatsList().length]);
      const other = create(socket);
      const before = count();
      other.trackPresence('room');
      assert.notDeepStrictEqual(count(), before);
      await world.reconnect();
      other.destroy();
      assert.deepStrictEqual(count(), before);
      const known = Object.keys(socket.channels || socket._channels || socket._channelMap);
      assert.deepStrictEqual(known.filter((name) => name.startsWith('presence>socket/')), [`presence>socket/${world.peer.id}`]);
    });

    test('begins anew after it has ended, and not when it is destroyed', async (t) => {
      const world = await World.of(t, version);
      await world.say(roster(0, true, ['ada']));
      world.presence.untrackPresence('room');
      assert.deepStrictEqual(world.list, []);
      const { ready } = world.presence.trackPresence('room');
      await world.peer.next('#subscribe', PLACE);
      world.peer.publish(PLACE, roster(0, true, ['bob']));
      assert.deepStrictEqual(await ready, ['bob']);
      assert.deepStrictEqual(world.reported(), ['+ada', 'ready']);
      world.presence.close();
      world.presence.destroy();
      assert.strictEqual(world.clock.timers.size, 0);
      assert.deepStrictEqual(world.presence.getPresenceList('room'), []);
      assert.throws(() => world.presence.trackPresence('room'), /destroyed/);
    });

    test('a listener may throw, or end tracking, without harm to the others', async (t) => {
      const world = await World.of(t, version);
      const thrown = [];
      const ended = [];
      const { setTimeout: original } = globalThis;
      globalThis.setTimeout = (callback, ms) => original(() => { // the runner would take the error for the test's
        try {
          callback();
        } catch (error) {
          thrown.push(error.message);
        }
      }, ms);
      t.after(() => {
        globalThis.setTimeout = original;
      });
      const bad = () => {
        throw new Error('bad listener');
      };
      world.presence.trackPresence('room', bad);
      const quitter = ({ username }) => {
        ended.push(username);
        world.presence.untrackPresence('room', quitter);
      };
      world.presence.trackPresence('room', quitter);
      await world.say(join('ada'), join('bob'));
      await until('the errors', () => thrown.includes('bad listener'));
      assert.deepStrictEqual(ended, ['ada']);
      assert.deepStrictEqual(world.reported(), ['+ada', '+bob']);
      world.presence.untrackPresence('room', bad);
      world.presence.trackPresence('room', ({ username }) => username === 'cy' && world.presence.untrackPresence('room'));
      world.peer.publish(PLACE, roster(0, true, ['cy', 'dan']));
      await until('the end', () => world.presence.channelListeners.room === undefined);
      assert.deepStrictEqual(world.list, []);
    });

    test('works on a socket that is open already, and on one that opens later', async (t) => {
      const server = await FakeServer.of(t);
      const client = Client.create(version, server.port, { autoConnect: false });
      t.after(() => client.close());
      const presence = create(client.socket);
      t.after(() => presence.destroy());
      const { ready } = presence.trackPresence('room');
      client.socket.connect();
      const peer = await server.peer();
      await peer.next('#subscribe', PLACE);
      peer.publish(PLACE, roster(0, true, ['ada']));
      assert.deepStrictEqual(await ready, ['ada']);
      const second = create(client.socket);
      t.after(() => second.destroy());
      second.trackPresence('hall');
      await peer.next('#subscribe', 'presence>hall');
    });

    test('leaves it to an application with autoSubscribeOnConnect false when to subscribe', async (t) => {
      const server = await FakeServer.of(t);
      const client = Client.create(version, server.port, { autoSubscribeOnConnect: false });
      t.after(() => client.close());
      const presence = create(client.socket);
      t.after(() => presence.destroy());
      presence.trackPresence('room');
      client.socket.subscribe('news');
      const peer = await server.peer();
      await client.opened();
      assert.deepStrictEqual(peer.subscriptions(), []);
      assert.strictEqual(client.socket.options.autoSubscribeOnConnect, false);
      await until('the subscriptions to wait', () => client.socket.subscriptions(true).length === 3);
      client.socket.processPendingSubscriptions();
      for (const channel of ['news', PLACE]) await peer.next('#subscribe', channel);
      const expected = [`presence>socket/${peer.id}`, 'news', PLACE];
      if (version === '5.5.2') expected.splice(0, 2, expected[1], expected[0]); // it knows no priorities
      assert.deepStrictEqual(peer.subscriptions(), expected);
    });

    test('names channels of a socket with a prefix as the server knows them', async (t) => {
      const server = await FakeServer.of(t);
      const client = Client.create(version, server.port, { channelPrefix: 'app/', ...RECONNECT_SOON });
      t.after(() => client.close());
      const tracked = new Tracked(client, {});
      t.after(() => tracked.presence.destroy());
      for (let i = 0; i < 2; i++) {
        const peer = await server.peer();
        await peer.next('#subscribe', 'presence>app/room');
        const own = [`presence>socket/${peer.id}`, 'presence>app/room'];
        assert.deepStrictEqual(peer.subscriptions().filter((name) => name !== 'app/news'), own);
        peer.logIn({ username: 'me' });
        await client.until('the token', () => client.isAuthenticated);
        peer.publish('presence>app/room', join('ada'));
        await peer.next('#publish', 'presence>socket/other');
        assert.strictEqual(peer.pongs()[0].data.channel, 'app/room');
        peer.publish(`presence>socket/${peer.id}`, { type: 'pong', channel: 'app/room', username: `bob${i}`, timeout: T });
        await tracked.event('join', `bob${i}`);
        client.socket.subscribe('news');
        if (i === 0) await peer.next('#subscribe', 'app/news');
        peer.drop();
      }
    });

    test('takes over a subscription that the application has already', async (t) => {
      const server = await FakeServer.of(t);
      const client = await Client.of(t, version, server.port);
      const peer = await server.peer();
      await client.subscribe(PLACE);
      const presence = create(client.socket);
      t.after(() => presence.destroy());
      presence.trackPresence('room');
      await peer.packets.next(({ event, data }) => event === '#subscribe' && data.data && data.data.roster === 1);
    });

    test('shares a socket with another of its kind', async (t) => {
      const world = await World.of(t, version, { options: RECONNECT_SOON });
      const own = `presence>socket/${world.peer.id}`;
      const other = create(world.client.socket);
      t.after(() => other.destroy());
      const { ready } = other.trackPresence('room');
      await world.peer.next('#subscribe', PLACE);
      await world.say(roster(0, true, ['ada']));
      assert.deepStrictEqual(await ready, ['ada']);
      other.destroy();
      await world.say(join('bob'));
      world.peer.publish(own, { type: 'pong', channel: 'room', username: 'cy', timeout: T });
      await world.tracked.event('join', 'cy');
      assert.ok(world.client.isSubscribed(own));
      await world.reconnect();
      world.presence.destroy();
      assert.deepStrictEqual(world.client.socket.subscriptions(true), []);
    });

    test('with batchOnHandshake, too', async (t) => {
      const world = await World.of(t, version, { options: { batchOnHandshake: true } });
      await world.say(roster(0, true, ['ada']));
      assert.deepStrictEqual(world.list, ['ada']);
    });

    test('does not open a connection that was closed on purpose', async (t) => {
      const world = await World.of(t, version);
      world.peer.logIn({ username: 'me' });
      await world.client.until('the token', (client) => client.isAuthenticated);
      for (let i = 0; i < 50; i++) world.peer.publish(PLACE, join(`user${i}`, { socketId: `s${i}` }));
      await world.tracked.event('join', 'user0');
      world.client.socket.disconnect();
      await world.isLost();
      world.clock.pass(5000);
      assert.strictEqual(world.client.socket.state, 'closed');
      assert.deepStrictEqual(world.server.peers.take(), []);
    });
  });
}

for (const version of ['16.1.1', '20.0.2']) {
  test(`our presence client on client ${version} lives on when all consumers of its socket are killed or closed`, async (t) => {
    const world = await World.of(t, version, { options: RECONNECT_SOON });
    const { socket } = world.client;
    await world.say(join('ada'));
    let round = 0;
    for (const end of ['killAllListeners', 'closeAllListeners', 'killAllChannels', 'closeAllChannels', 'closeAllChannelOutputs']) {
      socket[end]();
      const name = `user${round++}`;
      await until(`a join after ${end}`, () => {
        world.peer.publish(PLACE, join(name));
        return world.list.includes(name);
      });
      socket[end]();
      await world.reconnect();
      await world.settle();
    }
    assert.ok(world.list.includes('ada'));
  });

  test(`our presence client on client ${version} misses no reconnection while its consumers are killed again and again`, async (t) => {
    const world = await World.of(t, version, { options: RECONNECT_SOON });
    await world.say(join('ada'));
    for (let i = 0; i < 10; i++) {
      world.client.socket.killAllListeners();
      await later(0);
    }
    await world.reconnect();
    await world.say(roster(0, true, ['bob']));
    assert.deepStrictEqual(world.list, ['bob']);
  });

  test(`our presence client on client ${version} does not mind that a pong can't be sent`, async (t) => {
    const world = await World.of(t, version);
    world.peer.logIn({ username: 'me' });
    await world.client.until('the token', (client) => client.isAuthenticated);
    let tries = 0;
    world.client.socket.transmitPublish = () => {
      tries++;
      return Promise.reject(new Error('a rejection that nobody handles'));
    };
    await world.say(join('ada'));
    assert.strictEqual(tries, 1);
  });

  test(`our presence client on client ${version} is out when it was kicked out, even if packets come in the same moment`, async (t) => {
    const world = await World.of(t, version);
    world.peer.publishAndKickOut(PLACE, ['a', 'b', 'c', 'd', 'e'].map((name) => join(name)));
    await world.tracked.event('fail');
    await later(20);
    world.presence.trackPresence('room');
    await world.peer.next('#subscribe', PLACE);
  });

  test(`our presence client on client ${version} notices a reconnection of which it was told nothing`, async (t) => {
    const world = await World.of(t, version, { options: RECONNECT_SOON });
    await world.say(join('ada'));
    world.peer.drop();
    await until('the next connection', () => {
      world.client.socket.killAllListeners();
      world.clock.pass(1000);
      return world.server.peers.items.length > 0;
    });
    await world.arrive();
    await world.say(roster(0, true, ['bob']));
    assert.deepStrictEqual(world.list, ['bob']);
  });
}

test('our presence client on client 14.3.2 notices a reconnection when all listeners of its socket are gone', async (t) => {
  const world = await World.of(t, '14.3.2', { options: RECONNECT_SOON });
  await world.say(join('ada'));
  for (const event of ['connect', 'disconnect']) world.client.socket.off(event);
  world.peer.drop();
  world.peer = await world.server.peer();
  await until('the open socket', () => world.client.socket.state === 'open');
  world.clock.pass(1000);
  await world.peer.next('#subscribe', PLACE);
  await world.say(roster(0, true, ['bob']));
  assert.deepStrictEqual(world.list, ['bob']);
});

test('our presence client refuses what is no socket, no channel, no listener', () => {
  for (const thing of [undefined, null, {}, 5, 'socket', { on() {} }]) assert.throws(() => create(thing), TypeError);
  const methods = ['on', 'off', 'watch', 'unwatch', 'publish', 'subscribe', 'unsubscribe', 'isSubscribed', 'channel'];
  const socket = { state: 'closed', id: null, options: {}, isSubscribed: () => false };
  for (const method of methods.slice(0, 7)) socket[method] = () => {};
  const presence = create(socket, { presenceCheckInterval: 'soon' });
  assert.strictEqual(presence.presenceCheckInterval, 1000);
  for (const channel of [undefined, null, 5, {}]) assert.throws(() => presence.trackPresence(channel), TypeError);
  for (const listener of [5, 'f', []]) assert.throws(() => presence.trackPresence('room', listener), TypeError);
  assert.deepStrictEqual(Object.keys(presence.channelListeners), []);
});

test('our presence client keeps no process alive', async () => {
  const socket = '{state:"closed",id:null,on(){},off(){},watch(){},unwatch(){},publish(){},subscribe(){},unsubscribe(){},isSubscribed(){}}';
  const script = `require(${JSON.stringify(MODULE)}).create(${socket}).trackPresence('room'); console.log('tracks')`;
  assert.strictEqual(execFileSync(process.execPath, ['-e', script], { timeout: 60000 }).toString(), 'tracks\n');
});
