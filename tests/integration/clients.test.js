'use strict';
// A whole life of each published client on the cluster: two workers, two brokers, one port for both protocols.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { nowS, sign } = require('./support/token');

const FAR_S = 4102444800; // 2100
const QUICK = { initialDelay: 100, randomness: 50, multiplier: 1, maxDelay: 200 };

describe('the published clients', { concurrency: 3 }, () => {
  for (const version of VERSIONS) describe(`client ${version.name}`, () => lifeOf(version));
});

function lifeOf(version) {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      workers: 2,
      brokers: 2,
      plugins: [{ test: 'trace_app' }, { test: 'whoami' }],
      options: { socketChannelLimit: 5, pingInterval: 300, pingTimeout: 5000 },
    });
  });
  after(() => cluster.stop());

  const connect = (t, options) => Client.of(t, version.name, cluster.port, options);

  test('connects without a token', async (t) => {
    const client = Client.create(version.name, cluster.port);
    t.after(() => client.close());
    const event = await client.opened();
    assert.strictEqual(event.isAuthenticated, false);
    assert.match(client.id, /^[\w-]{20}$/);
  });

  test('is answered with data, without data and with an error', async (t) => {
    const client = await connect(t);
    assert.deepStrictEqual(await client.call('echo', { a: [1, null, 'ä'] }), { a: [1, null, 'ä'] });
    assert.strictEqual(await client.call('noreply', 1), undefined);
    await assert.rejects(client.call('failobj', 1), { name: 'MyErr', message: 'm' });
  });

  test('answers events of the server', async (t) => {
    const client = await connect(t);
    client.handle('question', (data) => ({ answer: data + 1 }));
    assert.deepStrictEqual(await client.call('trace:emit', { event: 'question', data: 41 }), { answer: 42 });
    await assert.rejects(client.call('trace:emit', { event: 'nobody-hears', timeout: 100 }), { message: 'SC_ERR_TIMEOUT' });
  });

  test('logs in, and is authenticated when it reconnects', async (t) => {
    const client = await connect(t, { autoReconnectOptions: QUICK, autoReconnect: true });
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.claims && client.claims.username === 'ada');
    assert.ok(client.isAuthenticated);
    client.transmit('closeme', { code: 4400, data: 'again' });
    const gone = await client.event('disconnect');
    assert.strictEqual(gone.code, 4400);
    const again = await client.opened();
    assert.strictEqual(again.isAuthenticated, true);
    assert.strictEqual((await client.call('dump')).auth.username, 'ada');
  });

  test('presents a token, good or bad', async (t) => {
    const client = await connect(t);
    await client.authenticate(sign({ username: 'bob', exp: FAR_S }));
    assert.strictEqual(client.claims.username, 'bob');
    assert.strictEqual((await client.call('dump')).auth.username, 'bob');
    await assert.rejects(client.authenticate(sign({ username: 'eve' }, { key: 'guessed' })), { name: 'AuthTokenInvalidError' });
    await client.until('the end of the token', () => !client.isAuthenticated);
    assert.strictEqual((await client.call('dump')).auth, null);
  });

  test('logs out by itself and by the server', async (t) => {
    const client = await connect(t);
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.isAuthenticated);
    await client.deauthenticate();
    assert.strictEqual((await client.call('dump')).auth, null);
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.isAuthenticated);
    await client.call('deauth');
    await client.until('the end of the token', () => !client.isAuthenticated);
  });

  test('loses an expired token at the next packet', async (t) => {
    const client = await connect(t);
    await client.login({ username: 'ada', exp: nowS() + 2 });
    await client.until('the token', () => client.isAuthenticated);
    await client.until('the end of the token', async () => {
      await client.call('echo', 1);
      return !client.isAuthenticated;
    });
    assert.strictEqual((await client.call('dump')).auth, null);
  });

  test('loses an expired token at a pong, without a packet of its own', async (t) => {
    const client = await connect(t);
    await client.login({ username: 'ada', exp: nowS() + 2 });
    await client.until('the token', () => client.isAuthenticated);
    await client.until('the end of the token', () => !client.isAuthenticated);
  });

  test('subscribes, publishes and gets its own message before the acknowledgement', async (t) => {
    const client = await connect(t);
    const inbox = client.messages('room');
    await client.subscribe('room');
    assert.ok(client.isSubscribed('room'));
    await client.publish('room', { n: 1 });
    assert.deepStrictEqual(inbox.all, [{ n: 1 }]);
  });

  test('gets messages of every other client, on whichever worker, and each of them gets its own', async (t) => {
    const client = await connect(t);
    const others = await Promise.all(VERSIONS.map((other) => Client.of(t, other.name, cluster.port)));
    const far = await cluster.connectOn((await client.call('worker')).id === 0 ? 1 : 0);
    t.after(() => far.destroy());
    const all = [client, ...others];
    const channel = `all-${version.name}`;
    all.forEach((each) => each.messages(channel));
    await Promise.all(all.map((each) => each.subscribe(channel)));
    await far.subscribe(channel);
    await client.publish(channel, 'from the client');
    for (const other of others) await other.publish(channel, `from ${other.version.name}`);
    await far.publish(channel, 'from far');
    for (const each of all) {
      assert.strictEqual(await each.message(channel), 'from the client');
      for (const other of others) assert.strictEqual(await each.message(channel), `from ${other.version.name}`);
      assert.strictEqual(await each.message(channel), 'from far');
    }
  });

  test('gets nothing after it has unsubscribed', async (t) => {
    const client = await connect(t);
    const inbox = client.messages('left');
    await client.subscribe('left');
    client.unsubscribe('left');
    await client.call('echo', 1);
    await client.publish('left', 'late');
    await client.call('echo', 1);
    assert.deepStrictEqual(inbox.all, []);
    assert.deepStrictEqual((await client.call('dump')).subs, []);
  });

  test('subscribes again when it reconnects', async (t) => {
    const client = await connect(t, { autoReconnectOptions: QUICK, autoReconnect: true });
    client.messages('sticky');
    await client.subscribe('sticky');
    client.transmit('closeme', { code: 4001 });
    await client.event('disconnect');
    await client.opened();
    await client.until('the subscription', async () => (await client.call('dump')).subs.includes('sticky'));
    await client.publish('sticky', 1);
    assert.strictEqual(await client.message('sticky'), 1);
  });

  test('is limited to socketChannelLimit channels', async (t) => {
    const client = await connect(t);
    for (let i = 0; i < 5; i++) await client.subscribe(`limit-${i}`);
    await assert.rejects(client.subscribe('limit-5'), { name: 'BrokerError', message: /exceed the channel subscription limit of 5$/ });
    client.unsubscribe('limit-0');
    await client.subscribe('limit-6');
    assert.strictEqual((await client.call('dump')).count, 5);
  });

  test('is kicked out of a channel and stays out', async (t) => {
    const client = await connect(t);
    const inbox = client.messages('kicked');
    await client.subscribe('kicked');
    await client.call('kick', { channel: 'kicked', message: 'bye' });
    const event = await client.event('kickOut');
    assert.strictEqual(event.channel, 'kicked');
    assert.strictEqual(event.message, 'bye');
    await client.publish('kicked', 'after');
    await client.call('echo', 1);
    assert.deepStrictEqual(inbox.all, []);
    assert.ok(!client.isSubscribed('kicked'));
    assert.deepStrictEqual((await client.call('dump')).subs, []);
  });

  test('subscribes a waitForAuth channel once it is authenticated', async (t) => {
    const client = await connect(t);
    const subscribed = client.subscribe('guarded', { waitForAuth: true });
    assert.deepStrictEqual((await client.call('dump')).subs, []);
    await client.login({ username: 'ada' });
    await subscribed;
    assert.deepStrictEqual((await client.call('dump')).subs, ['guarded']);
  });

  test('reports code and reason when the server disconnects it', async (t) => {
    const client = await connect(t);
    client.transmit('closeme', { code: 4321, data: 'why' });
    const event = await client.event('disconnect');
    assert.strictEqual(event.code, 4321);
    assert.strictEqual(event.reason, 'why');
  });

  test('disconnects, and the cluster forgets it', async (t) => {
    const client = await connect(t);
    await client.subscribe('forgotten');
    client.disconnect(4322, 'enough');
    assert.strictEqual((await client.event('disconnect')).code, 4322);
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });

  test('stays connected by its pongs for longer than pingTimeout', async (t) => {
    const short = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { pingInterval: 200, pingTimeout: 1500 } });
    const client = await Client.of(t, version.name, short.port);
    const from = Date.now();
    await client.until('two timeouts', () => Date.now() - from > 3000);
    assert.deepStrictEqual(client.events.all.filter((event) => event.type === 'disconnect'), []);
    assert.strictEqual(await client.call('echo', 1), 1);
  });

  test('sees no more than one message that it does not know', async (t) => {
    const client = await connect(t);
    const from = Date.now();
    await client.until('three pings', () => Date.now() - from > 1000);
    const raw = client.events.all.filter((event) => event.type === 'raw').map((event) => event.data);
    assert.deepStrictEqual(raw, version.protocol === 1 ? [] : ['#1']);
  });
}
