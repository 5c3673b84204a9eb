'use strict';
// Channel presence with the published presence client 1.0.7, unchanged, on two workers and two brokers.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS, trackPresence } = require('./support/clients');
const { changesOf, clientOn, member, settle, start, watcher } = require('./support/presence');
const { nowS } = require('./support/token');
const { until } = require('./support/wait');

const EMITTERS = VERSIONS.filter((version) => version.protocol === 1).map((version) => version.name);

// A published client with presence on a worker: tracks the channel, and is in it when it has a name.
async function visitor(t, cluster, version, worker, username, channel = 'room') {
  const client = await clientOn(t, cluster, version, worker);
  const tracked = trackPresence(client, [channel]);
  if (username !== undefined) {
    await client.login({ username });
    await client.until('the token', () => client.isAuthenticated);
    await client.subscribe(channel);
  }
  return tracked;
}

for (const version of EMITTERS) {
  describe(`the presence client on client ${version}`, () => {
    test('sees who is there, joins and leaves, on either worker', async (t) => {
      const cluster = await start(t);
      const ada = await visitor(t, cluster, version, 0, 'ada');
      await ada.untilList(['ada']);
      const bob = await visitor(t, cluster, version, 1, 'bob');
      await ada.change('join', 'bob');
      await ada.untilList(['ada', 'bob']);
      await bob.untilList(['ada', 'bob']);
      const cy = await visitor(t, cluster, version, 0);
      await cy.untilList(['ada', 'bob']);
      bob.client.unsubscribe('room');
      await ada.change('leave', 'bob');
      await cy.change('leave', 'bob');
      await bob.untilList(['ada']);
      ada.client.close();
      await cy.change('leave', 'ada');
      await cy.untilList([]);
    });

    test('learns of users who do not track, with the next ping', async (t) => {
      const cluster = await start(t, { interval: 500 });
      await member(t, cluster, 1, 'quiet', ['room']);
      await member(t, cluster, 0, 'silent', ['room']);
      const ada = await visitor(t, cluster, version, 0, 'ada');
      await ada.untilList(['ada', 'quiet', 'silent']);
    });
  });
}

describe('presence', () => {
  let cluster;
  before(async () => {
    cluster = await start({ after() {} });
  });
  after(() => cluster.stop());

  let rooms = 0;
  const newRoom = () => `room ${++rooms}`;

  test('is seen alike by clients of all generations, each on another worker', async (t) => {
    const room = newRoom();
    const everyone = [];
    for (const [i, version] of EMITTERS.entries()) everyone.push(await visitor(t, cluster, version, i % 2, `user-${version}`, room));
    const names = EMITTERS.map((version) => `user-${version}`).sort();
    for (const tracked of everyone) await tracked.untilList(names);
    everyone[0].client.close();
    for (const tracked of everyone.slice(1)) await tracked.untilList(names.filter((name) => name !== `user-${EMITTERS[0]}`));
  });

  test('is seen by a client of protocol 2 that watches the packets', async (t) => {
    const room = newRoom();
    const client = await clientOn(t, cluster, '20.0.2', 1);
    const inbox = client.messages(`presence>${room}`);
    await client.subscribe(`presence>${room}`);
    const ada = await member(t, cluster, 0, 'ada', [room]);
    const joined = await inbox.next((packet) => packet.username === 'ada');
    assert.deepStrictEqual(joined, { type: 'join', username: 'ada', timeout: joined.timeout, socketId: ada.id });
    ada.destroy();
    assert.deepStrictEqual(await inbox.next((packet) => packet.type === 'leave'), { type: 'leave', username: 'ada' });
  });

  test('follows clients of protocol 2 like all others', async (t) => {
    const room = newRoom();
    const ada = await visitor(t, cluster, '14.3.2', 0, 'ada', room);
    const client = await clientOn(t, cluster, '20.0.2', 1);
    await client.login({ username: 'twenty' });
    await client.until('the token', () => client.isAuthenticated);
    await client.subscribe(room);
    await ada.untilList(['ada', 'twenty']);
    client.unsubscribe(room);
    await ada.untilList(['ada']);
  });

  const LEAVES = {
    'an unsubscription': (raw, room) => raw.call('#unsubscribe', room),
    'a kickOut': (raw, room) => raw.ask('kick', { channel: room, message: 'out' }),
    'a kickOut of all channels': (raw) => raw.ask('kick', {}),
    'a log-out by the server': (raw) => raw.ask('deauth'),
    'a log-out by the client': (raw) => raw.send({ event: '#removeAuthToken' }),
    'a bad token': (raw) => raw.call('#authenticate', 'garbage'),
    'a close frame': (raw) => raw.sendClose(1000),
    'a #disconnect': (raw) => raw.send({ event: '#disconnect', data: { code: 1000 } }),
    'a lost connection': (raw) => raw.destroy(),
    'a disconnection by the server': (raw) => raw.send({ event: 'closeme', data: { code: 4321 } }),
    'a broken frame': (raw) => raw.sendFrame('text', Buffer.from('{}'), { rsv: 4 }),
  };
  for (const [what, act] of Object.entries(LEAVES)) {
    test(`says leave, once, after ${what}`, async (t) => {
      const room = newRoom();
      const watch = await watcher(t, cluster, 1, room);
      const ada = await member(t, cluster, 0, 'ada', [room, 'elsewhere']);
      await watch.next('join', 'ada');
      await act(ada, room);
      await watch.next('leave', 'ada');
      await settle(t, cluster, 0, watch, room);
      assert.deepStrictEqual(changesOf(watch), ['+ada', '-ada']);
    });
  }

  test('says leave when a token has expired', async (t) => {
    const room = newRoom();
    const watch = await watcher(t, cluster, 1, room);
    const ada = await member(t, cluster, 0, { username: 'ada', exp: nowS() + 2 }, [room]);
    await watch.next('join', 'ada');
    await until('the token to expire', async () => (await ada.call('echo', 1)) && (await ada.ask('dump')).auth === null);
    await watch.next('leave', 'ada');
  });

  test('says join when a subscriber logs in, and leave and join when under another name', async (t) => {
    const room = newRoom();
    const watch = await watcher(t, cluster, 1, room);
    const raw = await member(t, cluster, 0, null, [room]);
    await raw.ask('login', { username: 'ada' });
    await watch.next('join', 'ada');
    await raw.ask('login', { username: 'bob' });
    await watch.next('leave', 'ada');
    await watch.next('join', 'bob');
    await raw.ask('login', { username: 'bob', more: 1 });
    await settle(t, cluster, 0, watch, room);
    assert.ok(!changesOf(watch).includes('-bob'));
    assert.deepStrictEqual(changesOf(watch).slice(0, 3), ['+ada', '-ada', '+bob']);
  });

  test('keeps a user there while one of its sockets is, on whichever worker, and nothing flickers', async (t) => {
    const room = newRoom();
    const observer = await visitor(t, cluster, '14.3.2', 0, 'observer', room);
    const first = await member(t, cluster, 0, 'ada', [room]);
    const second = await member(t, cluster, 1, 'ada', [room]);
    const third = await member(t, cluster, 1, 'ada', [room]);
    await observer.untilList(['ada', 'observer']);
    const watch = await watcher(t, cluster, 1, room);
    for (const raw of [first, third]) {
      raw.destroy();
      await settle(t, cluster, 0, watch, room);
      await settle(t, cluster, 1, watch, room);
      assert.deepStrictEqual(observer.list().filter((name) => !name.startsWith('mark')), ['ada', 'observer']);
    }
    assert.ok(!watch.changes().includes('-ada'));
    assert.ok(!observer.changes.all.some((change) => change.action === 'leave' && change.username === 'ada'));
    second.destroy();
    await observer.change('leave', 'ada');
  });

  test('shows usernames of any JSON type, as they are in join and leave', async (t) => {
    const room = newRoom();
    const watch = await watcher(t, cluster, 1, room);
    for (const username of [42, 'ä"\\😀', '', 'x'.repeat(200), true]) {
      const raw = await member(t, cluster, 0, { username }, [room]);
      assert.strictEqual((await watch.next('join', username)).username, username);
      raw.destroy();
      assert.deepStrictEqual(await watch.next('leave', username), { type: 'leave', username });
    }
  });

  test('says nothing of sockets without a username', async (t) => {
    const room = newRoom();
    const watch = await watcher(t, cluster, 1, room);
    for (const claims of [null, { uid: 7 }, { username: null }]) (await member(t, cluster, 0, claims, [room])).destroy();
    await settle(t, cluster, 0, watch, room);
    assert.deepStrictEqual(changesOf(watch), []);
  });

  test('does not mix up channels', async (t) => {
    const [one, other] = [newRoom(), newRoom()];
    const watchOne = await watcher(t, cluster, 1, one);
    const watchOther = await watcher(t, cluster, 1, other);
    const ada = await member(t, cluster, 0, 'ada', [one, other]);
    await ada.call('#unsubscribe', one);
    await watchOne.next('leave', 'ada');
    await settle(t, cluster, 0, watchOther, other);
    assert.deepStrictEqual(changesOf(watchOne), ['+ada', '-ada']);
    assert.deepStrictEqual(changesOf(watchOther), ['+ada']);
  });
});

describe('presence and dying processes', () => {
  test('says leave at once when a worker dies, but not of users who are on another one, too', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    for (const name of ['ada', 'bob', 'cy']) await member(t, cluster, 1, name, ['room']);
    await member(t, cluster, 0, 'bob', ['room']);
    for (const name of ['ada', 'bob', 'cy']) await watch.next('join', name);
    process.kill(await cluster.worker(1), 'SIGKILL');
    await watch.next('leave', 'ada');
    await watch.next('leave', 'cy');
    await settle(t, cluster, 0, watch);
    assert.ok(!watch.changes().includes('-bob'));
  });

  test('survives the death of a broker: nobody leaves, and later leaves are said', async (t) => {
    const cluster = await start(t);
    const watch = await watcher(t, cluster, 0);
    const ada = await member(t, cluster, 1, 'ada', ['room']);
    const bob = await member(t, cluster, 0, 'bob', ['room']);
    await watch.next('join', 'ada');
    await watch.next('join', 'bob');
    await cluster.killAndReplace('sc-broker-0');
    await cluster.killAndReplace('sc-broker-1');
    await settle(t, cluster, 1, watch);
    assert.ok(!watch.changes().some((change) => ['-ada', '-bob'].includes(change)));
    ada.destroy();
    await watch.next('leave', 'ada');
    bob.destroy();
    await watch.next('leave', 'bob');
  });

  test('says the leave of a user who went while the broker was away', async (t) => {
    const cluster = await start(t, { brokers: 1 });
    const watch = await watcher(t, cluster, 0);
    const ada = await member(t, cluster, 1, 'ada', ['room']);
    await watch.next('join', 'ada');
    const pid = await cluster.broker(0);
    process.kill(pid, 'SIGSTOP');
    ada.destroy();
    const observer = await cluster.connectOn(1);
    t.after(() => observer.destroy());
    await until('the worker to notice', async () => !(await observer.ask('probe:each')).includes(ada.id));
    process.kill(pid, 'SIGKILL');
    await watch.next('leave', 'ada');
  });
});

describe('presence pings', () => {
  test('come at even distances and list the users of all workers as strings', async (t) => {
    const cluster = await start(t, { interval: 600 });
    await member(t, cluster, 0, 'ada', ['room']);
    await member(t, cluster, 0, { username: 42 }, ['room']);
    await member(t, cluster, 1, 'bob', ['room']);
    for (const worker of [0, 1]) {
      const watch = await watcher(t, cluster, worker);
      await until('some pings', () => watch.pings().length >= 4);
      for (const ping of watch.pings()) {
        assert.strictEqual(ping.timeout, 780);
        assert.deepStrictEqual(ping.users, ['ada', '42', 'bob']);
      }
    }
  });

  test('keep users present in clients for longer than the timeout', async (t) => {
    const cluster = await start(t, { interval: 400 });
    const ada = await visitor(t, cluster, '6.4.0', 0, 'ada');
    const bob = await visitor(t, cluster, '10.1.2', 1, 'bob');
    await ada.untilList(['ada', 'bob']);
    await bob.untilList(['ada', 'bob']);
    const from = Date.now();
    await until('several timeouts', () => Date.now() - from > 2500);
    for (const tracked of [ada, bob]) assert.ok(!tracked.changes.all.some((change) => change.action === 'leave'));
  });
});

test('a client that reconnects is there again', async (t) => {
  const cluster = await start(t);
  const ada = await visitor(t, cluster, '14.3.2', 0, 'ada');
  const client = await Client.of(t, '10.1.2', cluster.port, {
    autoReconnect: true, autoReconnectOptions: { initialDelay: 100, randomness: 50, multiplier: 1, maxDelay: 200 },
  });
  const bob = trackPresence(client, ['room']);
  await client.login({ username: 'bob' });
  await client.until('the token', () => client.isAuthenticated);
  await client.subscribe('room');
  await ada.change('join', 'bob');
  client.transmit('closeme', { code: 4001 });
  await ada.change('leave', 'bob');
  await ada.change('join', 'bob');
  await bob.untilList(['ada', 'bob']);
});
