'use strict';
// The plugin interface (include/sc), each area through a plugin of tests/plugins.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { sign } = require('./support/token');
const { until } = require('./support/wait');

const CALM = { pingInterval: 60000, pingTimeout: 120000 };

describe('a worker plugin', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      workers: 2, brokers: 2, plugins: [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'probe' }], options: CALM,
    });
  });
  after(() => cluster.stop());

  async function on(t, worker, options) {
    const raw = await cluster.connectOn(worker, options);
    t.after(() => raw.destroy());
    return raw;
  }

  // What listeners have heard about one socket.
  async function eventsOf(observer, id, isEnough) {
    const seen = [];
    await until('the events', async () => {
      seen.push(...(await observer.ask('probe:events')).filter((event) => event.id === id));
      return isEnough(seen);
    });
    return seen;
  }

  test('hears of all that a socket does, in order', async (t) => {
    const observer = await on(t, 0);
    await observer.ask('probe:events');
    const raw = await on(t, 0);
    await raw.subscribe('room', { data: { x: 1 } });
    await raw.ask('login', { username: 'ada' });
    await raw.call('#authenticate', sign({ username: 'bob', exp: 4102444800 }));
    await raw.call('#authenticate', 'garbage');
    raw.sendText('hello');
    await raw.ask('kick', { channel: 'room', message: 'bye' });
    await raw.subscribe('other');
    await raw.ask('login', { username: 'cy' });
    raw.sendClose(4567, 'done');
    const events = await eventsOf(observer, raw.id, (seen) => seen.some((event) => event.type === 'disconnection'));
    const user = (claims) => (claims === null ? null : claims.username);
    const told = ['authentication', 'authTokenSigned', 'deauthentication'];
    assert.deepStrictEqual(events.map((event) => [
      event.type, event.channel, ...(told.includes(event.type) ? [user(event.token), user(event.oldToken)] : []),
    ]), [
      ['connection', null],
      ['subscription', 'room'],
      ['authTokenSigned', null, 'ada', null],
      ['authentication', null, 'ada', null],
      ['authentication', null, 'bob', 'ada'],
      ['deauthentication', null, null, 'bob'],
      ['badAuthToken', null],
      ['raw', null],
      ['unsubscription', 'room'],
      ['subscription', 'other'],
      ['authTokenSigned', null, 'cy', null],
      ['authentication', null, 'cy', null],
      ['unsubscription', 'other'],
      ['disconnection', null],
    ]);
    assert.deepStrictEqual(events[1].data, { x: 1 });
    assert.strictEqual(events.find((event) => event.type === 'badAuthToken').reason, 'jwt malformed');
    assert.strictEqual(events.find((event) => event.type === 'raw').data, 'hello');
    const end = events[events.length - 1];
    assert.strictEqual(end.code, 4567);
    assert.strictEqual(end.reason, 'done');
  });

  test('hears of a connection that ends before its handshake', async (t) => {
    const observer = await on(t, 0);
    await observer.ask('probe:events');
    const raw = await RawSocket.open(cluster.port);
    const far = await on(t, 1);
    await far.ask('probe:events');
    raw.destroy();
    await until('a connectionAbort on either worker', async () => {
      const events = [...(await observer.ask('probe:events')), ...(await far.ask('probe:events'))];
      return events.some((event) => event.type === 'connectionAbort' && event.code === 1006);
    });
  });

  test('knows its process and its options', async (t) => {
    const raw = await on(t, 1);
    const about = await raw.ask('probe:about');
    assert.deepStrictEqual([about.id, about.workers, about.brokers], [1, 2, 2]);
    assert.ok(about.sockets >= 1);
    const later = await raw.ask('probe:about');
    assert.ok(later.now >= about.now);
    assert.strictEqual(await raw.ask('probe:option', 'pingInterval'), 60000);
    assert.strictEqual(await raw.ask('probe:option', 'origins'), '*:*');
  });

  test('has timers that fire once, repeat, stop themselves and are stopped', async (t) => {
    const raw = await on(t, 0);
    assert.deepStrictEqual(await raw.ask('probe:timers'), { once: 1, repeated: 3, stopped: 0 });
  });

  test('has counters by name', async (t) => {
    const raw = await on(t, 0);
    const first = await raw.ask('probe:counters');
    const second = await raw.ask('probe:counters');
    assert.strictEqual(second.probe_calls, first.probe_calls + 1);
  });

  test('turns text into documents and back', async (t) => {
    const raw = await on(t, 0);
    for (const value of [{ a: [1, null, 'ä"\n'], b: {} }, [], 'text', 1.5, true, null])
      assert.deepStrictEqual(await raw.ask('probe:json', value), value);
    await assert.rejects(raw.ask('probe:json'), { message: 'SC_ERR_INVALID' });
  });

  test('keeps something of its own with a socket', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 0);
    for (const expected of [1, 2, 3]) assert.strictEqual(await a.ask('probe:slot'), expected);
    assert.strictEqual(await b.ask('probe:slot'), 1);
  });

  test('finds sockets by id and goes through all of its worker', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 0);
    const far = await on(t, 1);
    assert.strictEqual(await a.ask('probe:find', b.id), true);
    assert.strictEqual(await a.ask('probe:find', far.id), false);
    assert.strictEqual(await a.ask('probe:find', 'nobody'), false);
    const ids = await a.ask('probe:each');
    assert.ok(ids.includes(a.id) && ids.includes(b.id) && !ids.includes(far.id));
    b.destroy();
    await until('b to be forgotten', async () => !(await a.ask('probe:find', b.id)));
  });

  test('knows what a socket is subscribed to, where it comes from and its query', async (t) => {
    const raw = await on(t, 0, { path: '/socketcluster/?a=1&b=%20' });
    await raw.subscribe('yes');
    assert.strictEqual(await raw.ask('probe:subscribed', 'yes'), true);
    assert.strictEqual(await raw.ask('probe:subscribed', 'no'), false);
    assert.deepStrictEqual(await raw.ask('probe:origin'), { address: '127.0.0.1', query: 'a=1&b=%20' });
    const plain = await on(t, 0);
    assert.strictEqual((await plain.ask('probe:origin')).query, null);
  });

  test('knows a socket\'s headers that it asked for, its port, age, phase and generation', async (t) => {
    const raw = await on(t, 0, { headers: { 'uSER-aGENT': 'ä raw one', 'X-Other': 'x', 'X-Last': '', 'X-Empty': '  ' } });
    const first = await raw.ask('probe:socket', 'user-agent');
    assert.strictEqual(first.header, Buffer.from('ä raw one').toString());
    assert.strictEqual((await raw.ask('probe:socket', 'X-Last')).header, '');
    assert.strictEqual((await raw.ask('probe:socket', 'X-Empty')).header, '');
    assert.strictEqual((await raw.ask('probe:socket', 'X-Other')).header, null);
    assert.strictEqual((await (await on(t, 0)).ask('probe:socket', 'User-Agent')).header, null);
    assert.strictEqual(first.port, raw.socket.localPort);
    assert.strictEqual(first.phase, 'open');
    assert.strictEqual(first.version, 0);
    raw.sendText('#2');
    const later = await raw.ask('probe:socket', '');
    assert.strictEqual(later.version, 1);
    assert.ok(later.age >= first.age && later.age < 600000);
  });

  test('knows what has gone to and fro', async (t) => {
    const raw = await on(t, 0);
    const first = await raw.ask('probe:socket', '');
    const text = `{"event":"x","data":"${'y'.repeat(500)}"}`;
    raw.sendText(text);
    await raw.fence(); /* a control frame: not a message, but its answer is a frame */
    await raw.ask('probe:slot');
    const second = await raw.ask('probe:socket', '');
    assert.strictEqual(second.receivedMessages - first.receivedMessages, 3);
    assert.ok(second.receivedBytes - first.receivedBytes >= text.length);
    assert.strictEqual(second.sentFrames - first.sentFrames, 3); /* the answer to the first, the pong, the answer to probe:slot */
    assert.ok(second.sentBytes > first.sentBytes);
    assert.ok(second.backlog <= second.sentBytes);
  });

  test('counts sockets that are open, and those that are not yet', async (t) => {
    const raw = await on(t, 0);
    const before = await raw.ask('probe:about');
    const others = [];
    t.after(() => others.forEach((other) => other.destroy()));
    const after = await until('a connection without handshake on this worker', async () => {
      others.push(await RawSocket.open(cluster.port));
      await others.at(-1).fence();
      const now = await raw.ask('probe:about');
      return now.sockets - now.open > before.sockets - before.open && now;
    });
    assert.ok(after.open >= 1);
    const counters = await raw.ask('probe:counters');
    assert.ok(counters.messages_received > 0 && counters.shaken_sockets >= 1);
  });

  test('cuts a connection at once: no close frame, nothing of what was queued', async (t) => {
    const observer = await on(t, 0);
    await observer.ask('probe:events');
    const raw = await on(t, 0);
    raw.send({ event: 'probe:terminate', cid: 77 });
    await raw.eof();
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'close' || String(item.payload).includes('too late')));
    const events = await eventsOf(observer, raw.id, (seen) => seen.some((event) => event.type === 'disconnection'));
    assert.deepStrictEqual(events.map((event) => [event.type, event.code]), [['connection', 0], ['disconnection', 1006]]);
    assert.ok(!/a terminated socket is not closed/.test(cluster.log()));
  });

  test('sends a text, and a message to one socket alone', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 0);
    await a.subscribe('mine');
    await b.subscribe('mine');
    await a.ask('probe:sendRaw', 'hello there');
    assert.ok(a.inbox.all.some((item) => item.payload === 'hello there'));
    await a.ask('probe:publishToMe', { channel: 'mine', data: [1] });
    assert.deepStrictEqual(await a.message('mine'), [1]);
    await b.fence();
    assert.deepStrictEqual(b.messages('mine'), []);
  });

  test('may close every socket of its worker while it goes through them', async (t) => {
    const sockets = [await on(t, 1), await on(t, 1), await on(t, 1)];
    const far = await on(t, 0);
    sockets[0].send({ event: 'probe:closeAll' });
    for (const raw of sockets) assert.deepStrictEqual(await raw.closed(), { code: 4444, reason: 'all of you' });
    await far.fence();
    assert.ok(!far.inbox.all.some((item) => item.frame === 'close'));
  });

  test('is told SC_ERR_STATE by a socket that has closed', async (t) => {
    const raw = await on(t, 0);
    const from = cluster.lines.length;
    raw.send({ event: 'probe:closed' });
    assert.deepStrictEqual(await raw.closed(), { code: 4445, reason: 'by itself' });
    assert.match(await cluster.waitForLine(/probe: a closed socket takes/, from), /takes no packets/);
  });

  test('publishes, is told of the acknowledgement, and watches a channel without a socket', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 1);
    await a.ask('probe:watch', 'watched');
    await b.publish('watched', { n: 1 });
    await b.ask('probe:publish', { channel: 'watched', data: 2 });
    await a.ask('probe:publish', { channel: 'watched', data: 3 });
    const seen = [];
    await until('three messages', async () => seen.push(...(await a.ask('probe:watched'))) && seen.length >= 3);
    assert.deepStrictEqual(seen, [
      { channel: 'watched', data: { n: 1 } }, { channel: 'watched', data: 2 }, { channel: 'watched', data: 3 },
    ]);
    await a.ask('probe:unwatch', 'watched');
    await b.publish('watched', 4);
    await a.ask('probe:publish', { channel: 'watched', data: 5 });
    assert.deepStrictEqual(await a.ask('probe:watched'), []);
    await assert.rejects(a.ask('probe:unwatch', 'watched'), { message: 'SC_ERR_STATE' });
    await assert.rejects(a.ask('probe:watch', 'x'.repeat(4097)), { message: 'SC_ERR_INVALID' });
  });

  test('knows all channels of its worker, and which are its own', async (t) => {
    const [raw, other] = [await on(t, 0), await on(t, 1)];
    await raw.subscribe('each-a');
    await other.subscribe('each-b');
    await raw.ask('probe:watch', 'each-own');
    await until('the subscription', () => raw.ask('probe:own', 'each-own'));
    const channels = await raw.ask('probe:channels');
    assert.deepStrictEqual([channels['each-a'], channels['each-b'], channels['each-own']], [[1, false], undefined, [0, true]]);
    assert.strictEqual(await raw.ask('probe:own', 'each-a'), false);
    assert.strictEqual(await raw.ask('probe:own', 'each-nothing'), false);
    await raw.ask('probe:unwatch', 'each-own');
    assert.strictEqual(await raw.ask('probe:own', 'each-own'), false);
    assert.strictEqual((await raw.ask('probe:channels'))['each-own'], undefined);
  });

  test('hands a message to the subscribers of its own worker alone, or to some of them', async (t) => {
    const [a, b, elsewhere] = [await on(t, 0), await on(t, 0), await on(t, 1)];
    for (const raw of [a, b, elsewhere]) await raw.subscribe('local');
    await a.ask('probe:watch', 'local');
    await a.ask('probe:watched');
    await a.ask('probe:deliver', { channel: 'local', data: { n: 1 } });
    await a.ask('probe:deliverTo', { channel: 'local', data: { n: 2 } });
    await a.ask('probe:deliverTo', { channel: 'local', data: { n: 3 }, id: b.id });
    await b.call('#unsubscribe', 'local');
    await a.ask('probe:deliverTo', { channel: 'local', data: { n: 4 }, id: b.id });
    await a.ask('probe:deliver', { channel: 'local' });
    await elsewhere.publish('local', 'all');
    await a.message('local', (data) => data === 'all');
    assert.deepStrictEqual(a.messages('local'), [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, undefined, 'all']);
    assert.deepStrictEqual(b.messages('local'), [{ n: 1 }, { n: 3 }]);
    assert.deepStrictEqual(elsewhere.messages('local'), ['all']);
    assert.deepStrictEqual((await a.ask('probe:watched')).map((message) => message.data), [{ n: 1 }, null, 'all']);
    await a.ask('probe:deliver', { channel: 'nobody is there', data: 1 });
    for (const event of ['probe:deliver', 'probe:deliverTo'])
      await assert.rejects(a.ask(event, { channel: 'x'.repeat(4097), data: 1 }), { message: 'SC_ERR_INVALID' });
    await a.ask('probe:unwatch', 'local');
  });

  test('is told with an unsubscription how its connection has ended', async (t) => {
    const observer = await on(t, 0);
    await observer.ask('probe:events');
    const codes = async (raw) => (await eventsOf(observer, raw.id, (seen) => seen.some((event) => event.type === 'disconnection')))
      .filter((event) => event.type === 'unsubscription').map((event) => event.code);
    const closed = await on(t, 0);
    await closed.subscribe('room');
    closed.sendClose(4567);
    assert.deepStrictEqual(await codes(closed), [4567]);
    const lost = await on(t, 0);
    await lost.subscribe('room');
    await lost.call('#unsubscribe', 'room');
    await lost.subscribe('room');
    lost.destroy();
    assert.deepStrictEqual(await codes(lost), [0, 1006]);
  });

  test('knows how many sockets of its worker are in a channel', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 0);
    const far = await on(t, 1);
    for (const raw of [a, b, far]) await raw.subscribe('counted');
    assert.strictEqual((await a.ask('probe:channel', 'counted')).subscribers, 2);
    await b.call('#unsubscribe', 'counted');
    assert.strictEqual((await a.ask('probe:channel', 'counted')).subscribers, 1);
    far.destroy();
  });
});

describe('a broker plugin', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      workers: 2, brokers: 2, plugins: [{ test: 'whoami' }, { test: 'probe' }, { test: 'broker_probe', options: { a: 1 } }], options: CALM,
    });
  });
  after(() => cluster.stop());

  async function on(t, worker) {
    const raw = await cluster.connectOn(worker);
    t.after(() => raw.destroy());
    return raw;
  }

  const asker = (raw, broker) => (text) => raw.ask('broker:ask', { broker, text });

  test('knows its process and gets the options of its worker half', async (t) => {
    const raw = await on(t, 0);
    for (const broker of [0, 1]) {
      const about = await asker(raw, broker)('about');
      assert.deepStrictEqual([about.id, about.brokers, about.workers], [broker, 2, 2]);
      assert.deepStrictEqual(about.options, { a: 1 });
    }
  });

  test('talks with its worker half, in order, and has timers', async (t) => {
    const raw = await on(t, 1);
    const answers = await Promise.all([...Array(10).keys()].map((i) => asker(raw, 1)(`echo ${i}`)));
    assert.deepStrictEqual(answers, [...Array(10).keys()]);
    assert.strictEqual(await asker(raw, 0)('later'), 'later');
    await assert.rejects(raw.ask('broker:ask', { broker: 9, text: 'about' }), { message: 'SC_ERR_INVALID' });
  });

  test('hears subscribe, publish and unsubscribe of the workers, and publishes to its own channels', async (t) => {
    const raw = await on(t, 0);
    const channel = 'broker-room';
    const { broker } = await raw.ask('probe:channel', channel);
    const ask = asker(raw, broker);
    await ask('events');
    await raw.subscribe(channel);
    await raw.publish(channel, { n: 1 });
    assert.strictEqual(await ask(`carries ${channel}`), true);
    assert.strictEqual(await asker(raw, 1 - broker)(`carries ${channel}`), false);
    assert.strictEqual(await ask(`publish ${channel} [2]`), 'SC_OK');
    assert.strictEqual(await asker(raw, 1 - broker)(`publish ${channel} [3]`), 'SC_ERR_INVALID');
    assert.deepStrictEqual(await raw.message(channel), { n: 1 });
    assert.deepStrictEqual(await raw.message(channel), [2]);
    await raw.call('#unsubscribe', channel);
    const seen = [];
    await until('the events', async () => {
      seen.push(...(await ask('events')).filter((event) => event.channel === channel));
      return seen.some((event) => event.type === 'unsubscribe');
    });
    const none = 0xffffffff;
    assert.deepStrictEqual(seen.map(({ type, worker, data }) => [type, worker, data]), [
      ['subscribe', 0, null], ['publish', 0, { n: 1 }], ['publish', none, [2]], ['unsubscribe', 0, null],
    ]);
  });

  test('is told of workers that come and go; its worker half of brokers that do', async (t) => {
    const raw = await on(t, 0);
    assert.deepStrictEqual(await raw.ask('broker:links'), [1, 1]);
    const ask = asker(raw, 0);
    await ask('events');
    await cluster.killAndReplace('sc-worker-1');
    const seen = [];
    await until('the worker down and up', async () => {
      seen.push(...(await ask('events')).filter((event) => event.type.startsWith('worker')));
      return seen.length >= 2;
    });
    assert.deepStrictEqual(seen.map(({ type, worker }) => [type, worker]), [['workerDown', 1], ['workerUp', 1]]);
    await cluster.killAndReplace('sc-broker-1');
    await until('the new broker', async () => (await raw.ask('broker:links'))[1] === 2);
    assert.deepStrictEqual(await raw.ask('broker:links'), [1, 2]);
    const events = [];
    await until('the new broker to be ready', async () => {
      events.push(...(await asker(raw, 1)('events')));
      return events.some((event) => event.type === 'ready');
    });
    assert.deepStrictEqual(events.filter((event) => event.type === 'workerUp').map((event) => event.worker).sort(), [0, 1]);
  });

  test('can be loaded alone, with --broker-plugin', async (t) => {
    const alone = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], brokerPlugins: [{ test: 'broker_probe' }], options: CALM });
    const raw = await RawSocket.connect(alone.port);
    t.after(() => raw.destroy());
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });
});

test('middleware is asked in load order, and the first that blocks ends it', async (t) => {
  const cluster = await Cluster.of(t, {
    plugins: [{ test: 'slow_middleware', options: { delayMs: 50 } }, { test: 'trace_app', options: { middleware: 'publishIn' } }], options: CALM,
  });
  const raw = await RawSocket.connect(cluster.port);
  t.after(() => raw.destroy());
  await raw.subscribe('slow-r');
  await raw.publish('slow-r', 'change');
  assert.strictEqual(await raw.message('slow-r'), 'changed');
  const blocked = await raw.publish('slow-block', 'err');
  assert.strictEqual(blocked.error.name, 'SlowError');
  assert.strictEqual(blocked.data, undefined);
});
