'use strict';
// Clients with sc-codec-min-bin 2.0.0 and 3.0.0 beside those with JSON.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { CODECS, Client, VERSIONS, trackPresence } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const minbin = require('./support/minbin');
const { RawSocket } = require('./support/raw');
const { sign } = require('./support/token');
const { values } = require('./support/values');

const WITH_CODEC = VERSIONS.filter((version) => version.name !== '5.5.2'); // 5.5.2 is 6.4.0 in this
const QUIET = { pingInterval: 60000, pingTimeout: 120000 };
const HANDSHAKE = '81a16593aa2368616e647368616b6581a961757468546f6b656ec001';
const PING = 'a22331';
const PONG = 'a22332';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sendHex = (raw, text) => raw.sendFrame('binary', Buffer.from(text, 'hex'));
const parsed = (item) => JSON.parse(item.payload);

// Lets nothing else of this process run.
function beBusy(duration) {
  const end = Date.now() + duration;
  while (Date.now() < end);
}

/* ---- The published clients ------------------------------------------------------------------------------------ */

describe('clients with a binary codec', { concurrency: 3 }, () => {
  for (const codec of CODECS)
    for (const version of WITH_CODEC) describe(`client ${version.name} with ${codec}`, () => lifeOf(version, codec));
});

function lifeOf(version, codec) {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      workers: 2,
      brokers: 1,
      plugins: [{ test: 'trace_app' }, { test: 'probe' }],
      options: { pingInterval: 200, pingTimeout: 5000 },
    });
  });
  after(() => cluster.stop());

  const connect = (t, options) => Client.of(t, version.name, cluster.port, { codec, ...options });

  test('is answered with data, without data and with an error', async (t) => {
    const client = await connect(t);
    assert.match(client.id, /^[\w-]{20}$/);
    const data = { a: [1, null, 'ä', -1.5], big: 1e12 };
    assert.deepStrictEqual(await client.call('echo', data), data);
    assert.strictEqual(await client.call('noreply', 1), null); // this codec has no undefined
    await assert.rejects(client.call('failobj', 1), { name: 'MyErr', message: 'm' });
  });

  test('answers events of the server', async (t) => {
    const client = await connect(t);
    client.handle('question', (data) => ({ answer: data + 1 }));
    assert.deepStrictEqual(await client.call('trace:emit', { event: 'question', data: 41 }), { answer: 42 });
    client.handle('hard', () => new Error('too hard'));
    await assert.rejects(client.call('trace:emit', { event: 'hard', data: 1 }));
  });

  test('hears and is heard by clients with JSON and with the other version of the codec', async (t) => {
    const others = await Promise.all([
      Client.of(t, '14.3.2', cluster.port),
      Client.of(t, '20.0.2', cluster.port, { codec: CODECS.find((other) => other !== codec) }),
    ]);
    const all = [await connect(t), ...others];
    const inboxes = all.map((client) => client.messages('room'));
    await Promise.all(all.map((client) => client.subscribe('room')));
    for (const [i, client] of all.entries()) {
      const data = { from: i, text: 'ä"\\\n\u0001😀', list: [0, 128, -129, 65536, 2 ** 31, 0.1, [], {}, null, true] };
      await client.publish('room', data);
      for (const inbox of inboxes) assert.deepStrictEqual(await inbox.next(), data);
    }
  });

  test('logs in, presents tokens and loses them', async (t) => {
    const client = await connect(t);
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.claims && client.claims.username === 'ada');
    assert.strictEqual((await client.call('dump')).auth.username, 'ada');
    await client.authenticate(sign({ username: 'bob', exp: 4102444800 }));
    assert.strictEqual((await client.call('dump')).auth.username, 'bob');
    await assert.rejects(client.authenticate(sign({ username: 'eve' }, { key: 'guessed' })), { name: 'AuthTokenInvalidError' });
    await client.until('the end of the token', () => !client.isAuthenticated);
    await client.login({ username: 'ada' });
    await client.until('the token', () => client.isAuthenticated);
    await client.call('deauth');
    await client.until('the end of the token', () => !client.isAuthenticated);
  });

  test('is refused, kicked out and disconnected', async (t) => {
    const client = await connect(t);
    await client.subscribe('room');
    await client.call('kick', { channel: 'room', message: 'out' });
    const kicked = await client.event('kickOut');
    assert.deepStrictEqual([kicked.channel, kicked.message], ['room', 'out']);
    assert.strictEqual(client.isSubscribed('room'), false);
    client.transmit('closeme', { code: 4321, data: 'why' });
    const gone = await client.event('disconnect');
    assert.strictEqual(gone.code, 4321);
  });

  test('takes a raw text of the server for a raw message, whatever it is', async (t) => {
    const client = await connect(t);
    for (const text of ['null', 'words', '{"event":"no packet"}', '']) await client.call('probe:sendRaw', text);
    assert.strictEqual(await client.call('echo', 1), 1);
    assert.deepStrictEqual(client.events.all.filter(({ type }) => type === 'disconnect'), []);
  });

  test('stays connected by its pongs for longer than pingTimeout, and nothing makes its decoder throw', async (t) => {
    const short = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { pingInterval: 200, pingTimeout: 1500 } });
    const client = await Client.of(t, version.name, short.port, { codec });
    const from = Date.now();
    await client.until('two timeouts', () => Date.now() - from > 3000);
    assert.deepStrictEqual(client.events.all.filter(({ type }) => type === 'disconnect'), []);
    assert.strictEqual(await client.call('echo', 1), 1);
  });

  test('goes through the end of the cluster', async (t) => {
    const short = await Cluster.start({ options: QUIET });
    t.after(() => short.stop());
    const client = await Client.of(t, version.name, short.port, { codec });
    await short.stop();
    assert.strictEqual((await client.event('disconnect')).code, 1001);
  });
}

// By themselves: what stops this process stops all clients in it.
describe('a client that is busy behind its handshake does not throw on the ping of the other protocol', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }], options: { pingInterval: 200, pingTimeout: 5000 } });
  });
  after(() => cluster.stop());

  for (const version of WITH_CODEC) {
    test(`which is ${version.name}`, async (t) => {
      const client = Client.create(version.name, cluster.port, { codec: 'scmb3' });
      t.after(() => client.close());
      if (version.protocol === 1) client.socket.on('connect', () => beBusy(700)); // before it has read the first ping
      await client.opened();
      if (version.protocol === 2) beBusy(700);
      assert.strictEqual(await client.call('echo', 1), 1);
      assert.deepStrictEqual(client.events.all.filter(({ type }) => ['disconnect', 'error'].includes(type)), []);
    });
  }
});

test('presence joins clients of both codecs', async (t) => {
  const cluster = await Cluster.of(t, {
    workers: 2,
    plugins: [{ test: 'trace_app' }, { name: 'stateless_presence', options: { presenceInterval: 1000 } }],
    options: QUIET,
  });
  const visitors = [];
  for (const [version, username, codec] of [['6.4.0', 'ada', 'scmb2'], ['14.3.2', 'bob', undefined], ['14.3.2', 'cy', 'scmb3']]) {
    const client = await Client.of(t, version, cluster.port, { codec });
    const tracked = trackPresence(client, ['room']);
    await client.login({ username });
    await client.until('the token', () => client.isAuthenticated);
    await client.subscribe('room');
    visitors.push(tracked);
  }
  for (const visitor of visitors) await visitor.untilList(['ada', 'bob', 'cy']);
  visitors[2].client.unsubscribe('room');
  for (const visitor of visitors.slice(0, 2)) await visitor.change('leave', 'cy');
  visitors[1].client.unsubscribe('room');
  await visitors[0].change('leave', 'bob');
});

describe('subscriptions in batches', () => {
  for (const codec of CODECS) {
    test(`of clients 10 and 14 with ${codec} are taken`, async (t) => {
      const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: QUIET });
      for (const version of ['10.1.2', '14.3.2']) {
        const client = await Client.of(t, version, cluster.port, { codec });
        await Promise.all(['a', 'b', 'c'].map((channel) => client.subscribe(channel, { batch: true })));
        assert.deepStrictEqual((await client.call('dump')).subs.sort(), ['a', 'b', 'c']);
      }
    });

    test(`of client 20 with batchOnHandshake and ${codec} are taken`, async (t) => {
      const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: QUIET });
      const client = await Client.of(t, '20.0.2', cluster.port, { codec, batchOnHandshake: true });
      await Promise.all(['a', 'b', 'c'].map((channel) => client.subscribe(channel)));
      assert.deepStrictEqual((await client.call('dump')).subs.sort(), ['a', 'b', 'c']);
    });
  }
});

/* ---- Equal data --------------------------------------------------------------------------------------------------- */

describe('data', { concurrency: 2 }, () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ workers: 2, brokers: 1, options: QUIET });
  });
  after(() => cluster.stop());

  for (const name of CODECS) {
    const codec = require(name);

    test(`published as JSON goes out in the very bytes that ${name} writes`, async (t) => {
      const json = await RawSocket.connect(cluster.port);
      const binary = await minbin.connect(cluster.port, codec);
      const channel = `to ${name}`;
      t.after(() => [json, binary].forEach((raw) => raw.destroy()));
      await binary.subscribe(channel);
      for (const value of values(400)) {
        json.send({ event: '#publish', data: { channel, data: value } });
        const item = await binary.inbox.next(({ payload }) => payload !== '#1');
        assert.strictEqual(item.hex, hex(codec.encode({ event: '#publish', data: { channel, data: value } })), JSON.stringify(value));
        assert.deepStrictEqual(parsed(item).data.data, value);
      }
    });

    test(`published with ${name} reaches JSON clients as JSON would have`, async (t) => {
      const json = await RawSocket.connect(cluster.port);
      const binary = await minbin.connect(cluster.port, codec);
      const channel = `from ${name}`;
      t.after(() => [json, binary].forEach((raw) => raw.destroy()));
      await json.subscribe(channel);
      for (const value of values(400)) {
        binary.send({ event: '#publish', data: { channel, data: value } });
        assert.deepStrictEqual(await json.message(channel), value);
      }
    });

    test(`that JSON has no form for becomes with ${name} what a client with JSON makes of it`, async (t) => {
      const json = await RawSocket.connect(cluster.port);
      const binary = await minbin.connect(cluster.port, codec);
      const channel = `odd ${name}`;
      t.after(() => [json, binary].forEach((raw) => raw.destroy()));
      await json.subscribe(channel);
      await binary.subscribe(channel);
      const cases = [
        [NaN, null],
        [[Infinity, -Infinity, undefined], [null, null, null]],
        [new Uint8Array([1, 2, 255]).buffer, { base64: true, data: 'AQL/' }],
        [{ bytes: new Uint8Array([]).buffer }, { bytes: { base64: true, data: '' } }],
        [undefined, null],
        [-0, 0],
      ];
      for (const [value, expected] of cases) {
        binary.send({ event: '#publish', data: { channel, data: value } });
        assert.deepStrictEqual(await json.message(channel), expected);
        assert.deepStrictEqual(await binary.message(channel), expected);
      }
    });
  }

  test('without a value is null for binary clients and stays missing for others', async (t) => {
    const json = await RawSocket.connect(cluster.port);
    const binary = await minbin.connect(cluster.port);
    t.after(() => [json, binary].forEach((raw) => raw.destroy()));
    await json.subscribe('none');
    await binary.subscribe('none');
    json.send({ event: '#publish', data: { channel: 'none' } });
    assert.deepStrictEqual(await json.event('#publish'), { event: '#publish', data: { channel: 'none' } });
    assert.deepStrictEqual(await binary.event('#publish'), { event: '#publish', data: { channel: 'none', data: null } });
  });

  test('with half a surrogate pair becomes a replacement character, as these peers write it', async (t) => {
    const json = await RawSocket.connect(cluster.port);
    const binary = await minbin.connect(cluster.port);
    t.after(() => [json, binary].forEach((raw) => raw.destroy()));
    await binary.subscribe('half');
    json.sendText('{"event":"#publish","data":{"channel":"half","data":"\\ud800x\\udc00"}}');
    assert.strictEqual(await binary.message('half'), '\ufffdx\ufffd');
  });
});

/* ---- Which codec, and which pings ---------------------------------------------------------------------------------- */

describe('the codec of a socket', { concurrency: 3 }, () => {
  const open = async (t, port) => {
    const raw = await RawSocket.open(port);
    t.after(() => raw.destroy());
    return raw;
  };

  test('is told by its first message, for life', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'probe' }], options: QUIET });
    const raw = minbin.speak(await open(t, cluster.port));
    sendHex(raw, HANDSHAKE);
    const answer = await raw.inbox.next();
    assert.strictEqual(answer.isBinary, true);
    assert.deepStrictEqual(parsed(answer).data.isAuthenticated, false);
    raw.sendText('{"event":"probe:counters","cid":5}');
    raw.send({ event: 'probe:counters', cid: 6 });
    assert.strictEqual(parsed(await raw.inbox.next((item) => item.payload !== '#1')).rid, 6);
    const json = await open(t, cluster.port);
    json.sendFrame('binary', Buffer.from(' {"event":"#handshake","data":{"authToken":null},"cid":1}'));
    assert.strictEqual((await json.inbox.next()).frame, 'text');
    sendHex(json, HANDSHAKE);
    const { data } = await json.call('probe:counters');
    assert.deepStrictEqual([data.sockets_json, data.sockets_min_bin, data.unreadable_messages], [1, 1, 2]);
  });

  test('is always JSON with the option json', async (t) => {
    const cluster = await Cluster.of(t, { options: { ...QUIET, codec: 'json' } });
    const raw = await open(t, cluster.port);
    sendHex(raw, HANDSHAKE);
    assert.strictEqual((await raw.closed()).code, 4009);
    await (await RawSocket.connect(cluster.port)).destroy();
  });

  test('is always binary with the option min-bin', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { ...QUIET, codec: 'min-bin' } });
    const json = await open(t, cluster.port);
    json.sendText('{"event":"#handshake","data":{"authToken":null},"cid":1}');
    assert.strictEqual((await json.closed()).code, 4009);
    for (const version of ['6.4.0', '20.0.2']) {
      const client = await Client.of(t, version, cluster.port, { codec: 'scmb3' });
      assert.strictEqual(await client.call('echo', 1), 1);
    }
  });

  test('shows in what it can read: the rest is passed over, and before the handshake it closes', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: QUIET });
    const raw = await minbin.connect(cluster.port);
    t.after(() => raw.destroy());
    for (const bytes of ['', 'c1', 'c0', '92', '01', '90', 'dfffffffff', '81a165ddffffffff', '81a16593a46563686fa1ff07', `${HANDSHAKE}00`])
      sendHex(raw, bytes);
    sendHex(raw, '91'.repeat(5000));
    raw.sendText('text');
    raw.sendText('{"event":"echo","data":1,"cid":8}');
    assert.strictEqual((await raw.call('echo', 9)).data, 9);
    assert.deepStrictEqual(raw.inbox.take().filter((item) => item.payload !== '#1'), []);
    for (const bytes of ['c1', '81', 'a22331']) {
      const early = await open(t, cluster.port);
      sendHex(early, bytes);
      assert.strictEqual((await early.closed()).code, 4009);
    }
  });

  test('does not make a packet longer than maxPayload', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { ...QUIET, maxPayload: 1000 } });
    const raw = await minbin.connect(cluster.port);
    t.after(() => raw.destroy());
    assert.strictEqual((await raw.call('echo', '\u0001'.repeat(150))).data.length, 150);
    raw.send({ event: 'echo', data: '\u0001'.repeat(170), cid: 100 });
    assert.strictEqual((await raw.closed()).code, 1009);
  });

  test('decides the kind of a ping: binary for protocol 1, an empty text for protocol 2', async (t) => {
    const cluster = await Cluster.of(t, { options: { pingInterval: 300, pingTimeout: 10000 } });
    const next = async (raw) => {
      const { frame, payload } = await raw.inbox.next();
      return [frame, payload];
    };
    const WEBSOCKET_PING = ['ping', '3f'];
    const probed = async () => {
      const raw = await open(t, cluster.port);
      sendHex(raw, HANDSHAKE);
      await raw.inbox.next();
      assert.deepStrictEqual(await next(raw), ['binary', PING]);
      assert.deepStrictEqual(await next(raw), WEBSOCKET_PING);
      return raw;
    };
    const first = await probed();
    sendHex(first, PONG);
    for (let i = 0; i < 3; i++) assert.deepStrictEqual(await next(first), ['binary', PING]);
    const second = await probed();
    second.sendFrame('pong', Buffer.from('?'));
    assert.deepStrictEqual(await next(second), ['text', '']);
    second.sendText('');
    for (let i = 0; i < 3; i++) assert.deepStrictEqual(await next(second), ['text', '']);
    // One that does not answer gets both in turn.
    const third = await probed();
    third.sendFrame('pong', Buffer.from('?'));
    for (const ping of [['text', ''], ['binary', PING], ['text', '']]) assert.deepStrictEqual(await next(third), ping);
    // One that is slow to read is not tried with what would make it throw, if it is of protocol 1.
    const slow = await probed();
    for (let i = 0; i < 3; i++) assert.deepStrictEqual(await next(slow), ['binary', PING]);
    slow.sendFrame('pong', Buffer.from('?'));
    const isText = (item) => item.frame === 'text';
    assert.strictEqual((await slow.inbox.next(isText)).payload, '');
    for (const [version, ping] of [['1', ['binary', PING]], ['2', ['text', '']]]) {
      const fixed = await Cluster.of(t, { options: { protocolVersion: version, pingInterval: 100, pingTimeout: 10000 } });
      const raw = await open(t, fixed.port);
      sendHex(raw, HANDSHAKE);
      await raw.inbox.next();
      for (let i = 0; i < 3; i++) assert.deepStrictEqual(await next(raw), ping);
    }
  });

  test('is as it was in SocketCluster for codecEngine, and another engine stops the start', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { ...QUIET, codecEngine: 'sc-codec-min-bin' } });
    const client = await Client.of(t, '14.3.2', cluster.port, { codec: 'scmb3' });
    assert.strictEqual(await client.call('echo', 1), 1);
    await assert.rejects(Cluster.start({ options: { codecEngine: './my-codec' } }), /codecEngine/);
  });
});
