'use strict';
// Options of the client that show on the wire and are no axis of the matrix, in each release that has them.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, RELEASES } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { sign } = require('./support/token');

const PATH = '/own/path';
const ORIGIN = 'http://example.org';
const FAR_S = 4102444800; // 2100

let cluster;
const events = []; // what the probe has heard: each call takes away what is for all
before(async () => {
  cluster = await Cluster.start({
    workers: 2,
    plugins: [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'probe' }],
    options: { path: PATH, origins: 'example.org:*', pingInterval: 1000, pingTimeout: 20000 },
  });
});
after(() => cluster.stop());

const major = (release) => Number(release.name.split('.')[0]);

// The options of the WebSocket module: protocol 1 hands all of its own to it.
function withModule(release, options) {
  return release.protocol === 1 ? options : { wsOptions: options };
}

function optionsOf(release, options) {
  return { path: PATH, ...withModule(release, { origin: ORIGIN }), ...options };
}

describe('options of the client', { concurrency: 4 }, () => {
  for (const release of RELEASES) describe(`client ${release.name}`, () => optionsOfRelease(release));
});

function optionsOfRelease(release) {
  const create = (t, options) => {
    const client = Client.create(release.name, cluster.port, optionsOf(release, options));
    t.after(() => client.close());
    return client;
  };
  const open = async (t, options) => {
    const client = create(t, options);
    await client.opened();
    return client;
  };
  const only = (from, to = 99) => ({ skip: major(release) >= from && major(release) <= to ? false : `clients ${from} to ${to} have it` });

  test('a path with and without a slash at its end', async (t) => {
    for (const path of [PATH, `${PATH}/`]) assert.strictEqual(await (await open(t, { path })).call('echo', path), path);
  });

  test('a path that is not the server\'s is refused', async (t) => {
    const client = create(t, { path: '/socketcluster/' });
    assert.strictEqual((await client.event('connectAbort')).code, 1006);
  });

  test('an origin that is not the server\'s is refused', async (t) => {
    const client = create(t, withModule(release, { origin: 'http://example.com' }));
    assert.strictEqual((await client.event('connectAbort')).code, 1006);
  });

  test('query and timestampRequests arrive in the query', async (t) => {
    const client = await open(t, { query: { a: '1', b: 'ä &=' }, timestampRequests: true, timestampParam: 'when' });
    const query = new URLSearchParams((await client.call('probe:origin')).query);
    assert.deepStrictEqual([query.get('a'), query.get('b')], ['1', 'ä &=']);
    assert.match(query.get('when'), /^\d{13}$/);
    const other = await open(t, { query: 'a=2&c=3' });
    assert.deepStrictEqual(Object.fromEntries(new URLSearchParams((await other.call('probe:origin')).query)), { a: '2', c: '3' });
  });

  test('hostname and port in one option, host', only(6), async (t) => {
    const client = await open(t, { hostname: undefined, port: undefined, host: `127.0.0.1:${cluster.port}` });
    assert.strictEqual(await client.call('echo', 1), 1);
  });

  test('autoConnect off: connects when it is told to', only(6), async (t) => {
    const client = create(t, { autoConnect: false });
    assert.strictEqual(client.socket.state, 'closed');
    client.socket.connect();
    await client.opened();
    assert.strictEqual(await client.call('echo', 1), 1);
  });

  // One connection for all that ask for the same place, which 15 and later no longer do.
  test('multiplex: two clients share a connection, or have one each', only(5, 14), async (t) => {
    const one = await open(t, { multiplex: true, query: { multiplexed: '1' } });
    const two = create(t, { multiplex: true, query: { multiplexed: '1' } });
    const three = await open(t, { multiplex: false, query: { multiplexed: '1' } });
    assert.strictEqual(two.id, one.id);
    assert.notStrictEqual(three.id, one.id);
    assert.strictEqual(await two.call('echo', 2), 2);
    await one.subscribe('multiplexed');
    assert.deepStrictEqual((await two.call('dump')).subs, ['multiplexed']);
  });

  test('channelPrefix: names have it on the wire and not in the client', async (t) => {
    const prefix = `${release.name}#`;
    const client = await open(t, { channelPrefix: prefix });
    const other = await open(t);
    client.messages('room');
    other.messages(`${prefix}room`);
    await client.subscribe('room');
    await other.subscribe(`${prefix}room`);
    assert.deepStrictEqual((await client.call('dump')).subs, [`${prefix}room`]);
    await other.publish(`${prefix}room`, 'to the prefix');
    assert.strictEqual(await client.message('room'), 'to the prefix');
    await client.publish('room', 'with the prefix');
    assert.strictEqual(await other.message(`${prefix}room`, (text) => text !== 'to the prefix'), 'with the prefix');
    await client.call('kick', { channel: `${prefix}room`, message: 'out' });
    assert.strictEqual((await client.event('kickOut')).channel, 'room');
    await client.until('the end of the subscription', () => !client.isSubscribed('room'));
  });

  test('autoSubscribeOnConnect off: subscribes when it is told to', async (t) => {
    const off = { autoSubscribeOnConnect: false, autoProcessSubscriptions: false }; // the latter: 5
    const client = create(t, { ...off, autoReconnect: true });
    const subscribed = Promise.all(['a', 'b'].map((name) => client.subscribe(`${release.name} ${name}`)));
    await client.opened();
    assert.deepStrictEqual((await client.call('dump')).subs, []);
    client.socket.processPendingSubscriptions();
    await subscribed;
    assert.strictEqual((await client.call('dump')).count, 2);
  });

  test('a burst of subscriptions, asked for before the connection is there, all stand', async (t) => {
    const client = create(t);
    const names = Array.from({ length: 200 }, (_, i) => `burst ${i}`);
    await Promise.all(names.map((name) => client.subscribe(name, { priority: 1, waitForAuth: false, data: { name } })));
    assert.deepStrictEqual((await client.call('dump')).subs.sort(), names.sort());
  });

  test('events before the connection is there arrive in their order', async (t) => {
    const client = create(t);
    const answers = Array.from({ length: 50 }, (_, i) => client.call('echo', i));
    assert.deepStrictEqual(await Promise.all(answers), Array.from({ length: 50 }, (_, i) => i));
  });

  test('ackTimeout: a call that nobody answers fails, and the connection lives on', async (t) => {
    const client = await open(t, { ackTimeout: 1500 });
    await assert.rejects(client.call('nobody-hears'), { name: 'TimeoutError' });
    await client.until('an answer', () => client.call('echo', 1).catch(() => false));
    assert.deepStrictEqual(client.events.all.filter((event) => event.type === 'disconnect'), []);
  });

  test('authTokenName: the token is stored under it, and presented from it', async (t) => {
    const client = await open(t, { authTokenName: 'my token' });
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.storedToken !== null);
    assert.deepStrictEqual([...client.tokens.keys()], ['my token']);
    const other = create(t, { authTokenName: 'my token', token: sign({ username: 'bob', exp: FAR_S }) });
    assert.strictEqual((await other.opened()).isAuthenticated, true);
    assert.strictEqual((await other.call('dump')).auth.username, 'bob');
  });

  test('cloneData and subscriptionRetryOptions change nothing', async (t) => {
    const client = await open(t, { cloneData: true, subscriptionRetryOptions: { initialDelay: 10 }, connectTimeout: 15000 });
    const data = { nested: [{ a: 1 }] };
    const answered = client.call('echo', data);
    data.nested[0].a = 2;
    assert.ok([1, 2].includes((await answered).nested[0].a)); // 5.0 has no cloneData
    await client.publish('cloned', data);
  });

  test('binaryType: packets are texts whatever it is', async (t) => {
    for (const binaryType of ['arraybuffer', 'nodebuffer'])
      assert.strictEqual(await (await open(t, { binaryType })).call('echo', binaryType), binaryType);
  });

  test('binary data arrives as base64', only(5), async (t) => {
    const client = await open(t);
    const answer = await client.call('echo', { bytes: Buffer.from([0, 255, 7]) });
    assert.deepStrictEqual(answer, { bytes: { base64: true, data: 'AP8H' } });
  });

  test('publishes without asking for an acknowledgement', async (t) => {
    const client = await open(t);
    const channel = `unacknowledged ${release.name}`;
    client.messages(channel);
    await client.subscribe(channel);
    if (release.protocol === 1) client.socket.publish(channel, { n: 1 });
    else client.socket.transmitPublish(channel, { n: 1 });
    assert.deepStrictEqual(await client.message(channel), { n: 1 });
  });

  test('emits without asking for an answer', async (t) => {
    const client = await open(t);
    client.transmit('login', { username: 'ada' });
    await client.until('the token', () => client.isAuthenticated);
  });

  test('raw messages arrive on either side', async (t) => {
    const client = await open(t);
    client.socket.send('hello');
    await client.call('probe:sendRaw', '"good day"'); // JSON, for 5.0 parses whatever comes
    const raw = await client.event('raw', ({ data }) => data !== '#1');
    assert.ok(['"good day"', 'good day'].includes(raw.data), raw.data);
    const { id } = client;
    const event = await client.until('the raw event', async () => {
      events.push(...(await client.call('probe:events')));
      return events.find((each) => each.id === id && each.type === 'raw');
    });
    assert.strictEqual(event.data, 'hello');
  });

  test('reconnect: a new socket, subscribed and authenticated as before', async (t) => {
    const client = await open(t);
    const first = client.id;
    await client.login({ username: 'ada' });
    await client.subscribe('kept');
    await client.until('the token', () => client.storedToken !== null);
    client.socket.reconnect();
    assert.strictEqual((await client.opened()).isAuthenticated, true);
    assert.notStrictEqual(client.id, first);
    await client.until('the subscription', async () => (await client.call('dump')).subs.includes('kept'));
  });

  test('pubSubBatchDuration: subscriptions within it go in one frame', only(8, 14), async (t) => {
    const client = await open(t, { pubSubBatchDuration: 50 });
    const names = Array.from({ length: 20 }, (_, i) => `batch ${i}`);
    await Promise.all(names.map((name) => client.subscribe(name, { batch: true })));
    const arrays = client.sent.map((frame) => (frame[0] === '[' ? JSON.parse(frame) : [])).filter((packets) => packets.length > 0);
    assert.deepStrictEqual(arrays.map((packets) => packets.length), [20]);
    for (const name of names) client.unsubscribe(name);
    await client.until('the end of the subscriptions', async () => (await client.call('dump')).count === 0);
  });

  test('startBatch and startBatching: whatever is sent meanwhile goes in arrays, in its order', only(15), async (t) => {
    const client = await open(t, { batchInterval: 20 });
    client.messages('batched');
    client.socket.startBatch();
    const inBatch = Promise.all([client.call('echo', 1), client.subscribe('batched'), client.publish('batched', 2), client.call('echo', 3)]);
    client.socket.flushBatch();
    await inBatch;
    assert.strictEqual(await client.message('batched'), 2);
    client.socket.startBatching();
    for (let i = 0; i < 5; i++) assert.strictEqual(await client.call('echo', i), i);
    client.socket.stopBatching();
    assert.strictEqual(await client.call('echo', 'single'), 'single');
    const arrays = client.sent.filter((frame) => frame[0] === '[');
    assert.ok(arrays.length >= 2, `${arrays.length} arrays`);
    assert.strictEqual(JSON.parse(arrays[0]).length, 4);
  });

  test('ackTimeout of a single call', only(15), async (t) => {
    const client = await open(t);
    await assert.rejects(client.socket.invoke('nobody-hears', 1, { ackTimeout: 50 }), { name: 'TimeoutError' });
  });

  test('protocolScheme in place of secure', only(15), async (t) => {
    assert.strictEqual(await (await open(t, { protocolScheme: 'ws' })).call('echo', 1), 1);
  });

  test('pingTimeoutDisabled: pings are answered all the same', only(11), async (t) => {
    const client = await open(t, { pingTimeoutDisabled: true });
    const ping = release.protocol === 1 ? '#1' : '';
    await client.until('two pings', () => client.received.filter((message) => message === ping).length >= 2);
    const pong = release.protocol === 1 ? '#2' : '';
    await client.until('two pongs', () => client.sent.filter((message) => message === pong).length >= 2);
  });
}
