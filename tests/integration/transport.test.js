'use strict';
// WebSocket on the wire (RFC 6455; docs/protocol.md, "Transport"), driven with raw frames.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { RawSocket, closePayload, frameBytes } = require('./support/raw');

const HEAD_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

function upgradeText(lines = [], path = '/socketcluster/') {
  return [
    `GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${HEAD_KEY}`, ...lines, '', '',
  ].join('\r\n');
}

describe('a WebSocket connection', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }] });
  });
  after(() => cluster.stop());

  async function connect(t, options) {
    const raw = await RawSocket.connect(cluster.port, options);
    t.after(() => raw.destroy());
    return raw;
  }

  // Whatever a peer does, others must not notice.
  async function assertServes() {
    const raw = await RawSocket.connect(cluster.port);
    assert.deepStrictEqual(await raw.ask('echo', 1), 1);
    raw.destroy();
  }

  test('is opened with the accept key of RFC 6455 and without extensions', async (t) => {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    const answer = await raw.upgrade({
      key: HEAD_KEY,
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    });
    assert.strictEqual(answer.status, 101);
    assert.strictEqual(answer.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.strictEqual(answer.headers['sec-websocket-extensions'], undefined);
  });

  test('gets the first subprotocol that it offers', async (t) => {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    const answer = await raw.upgrade({ headers: { 'Sec-WebSocket-Protocol': 'foo, bar' } });
    assert.strictEqual(answer.headers['sec-websocket-protocol'], 'foo');
  });

  test('may send its first frames together with the opening request', async (t) => {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    const packet = Buffer.from('{"event":"#handshake","data":{"authToken":null},"cid":1}');
    raw.socket.write(Buffer.concat([Buffer.from(upgradeText()), frameBytes(1, packet)]));
    assert.strictEqual((await raw.readHead()).status, 101);
    raw.isWebSocket = true;
    const rest = raw.bytes;
    raw.bytes = Buffer.alloc(0);
    raw.onData(rest);
    assert.strictEqual((await raw.answer(1)).data.isAuthenticated, false);
  });

  test('may send everything byte by byte', async (t) => {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    raw.socket.setNoDelay(true);
    for (const byte of Buffer.from(upgradeText())) raw.socket.write(Buffer.from([byte]));
    assert.strictEqual((await raw.readHead()).status, 101);
    raw.isWebSocket = true;
    for (const byte of frameBytes(1, Buffer.from('{"event":"#handshake","cid":7}'))) raw.sendBytes(Buffer.from([byte]));
    assert.strictEqual((await raw.answer(7)).rid, 7);
  });

  test('may send a message in fragments with pings in between', async (t) => {
    const raw = await connect(t);
    const text = Buffer.from('{"event":"echo","data":"äöü€😀","cid":5}');
    for (let i = 0; i < text.length; i++) {
      raw.sendFrame(i === 0 ? 'text' : 'continuation', text.subarray(i, i + 1), { fin: i === text.length - 1 });
      if (i % 10 === 0) raw.sendFrame('ping', Buffer.from([i]));
    }
    assert.strictEqual((await raw.answer(5)).data, 'äöü€😀');
    const pongs = raw.inbox.all.filter((item) => item.frame === 'pong');
    assert.strictEqual(pongs.length, Math.ceil(text.length / 10));
  });

  test('may send empty fragments', async (t) => {
    const raw = await connect(t);
    raw.sendFrame('text', Buffer.alloc(0), { fin: false });
    raw.sendFrame('continuation', Buffer.from('{"event":"echo","data":1,"cid":9}'), { fin: false });
    raw.sendFrame('continuation', Buffer.alloc(0));
    assert.strictEqual((await raw.answer(9)).data, 1);
  });

  test('may send a packet of 10 MB and gets one back', async (t) => {
    const raw = await connect(t);
    const data = 'x'.repeat(10000000);
    assert.ok((await raw.ask('echo', data)) === data);
  });

  test('takes packets of all length encodings', async (t) => {
    const raw = await connect(t);
    for (const length of [0, 1, 80, 100, 125, 126, 127, 65500, 65536, 70000])
      assert.strictEqual((await raw.ask('echo', 'y'.repeat(length))).length, length);
  });

  test('that sends pings without end gets all its pongs', async (t) => {
    const raw = await connect(t);
    for (let i = 0; i < 1000; i++) raw.sendFrame('ping', Buffer.from(String(i)));
    await raw.fence();
    assert.strictEqual(raw.inbox.all.filter((item) => item.frame === 'pong').length, 1001);
  });

  test('may send pongs that nobody asked for', async (t) => {
    const raw = await connect(t);
    raw.sendFrame('pong', Buffer.from('hey'));
    assert.strictEqual(await raw.ask('echo', 2), 2);
  });

  const VIOLATIONS = [
    ['a frame without mask', 1002, (raw) => raw.sendFrame('text', Buffer.from('{}'), { mask: false })],
    ['a reserved bit', 1002, (raw) => raw.sendFrame('text', Buffer.from('{}'), { rsv: 4 })],
    ['another reserved bit', 1002, (raw) => raw.sendFrame('text', Buffer.from('{}'), { rsv: 1 })],
    ['a reserved opcode', 1002, (raw) => raw.sendFrame(3, Buffer.from('{}'))],
    ['a reserved control opcode', 1002, (raw) => raw.sendFrame(11, Buffer.from(''))],
    ['a stray continuation', 1002, (raw) => raw.sendFrame('continuation', Buffer.from('{}'))],
    ['a new message within a fragmented one', 1002, (raw) => {
      raw.sendFrame('text', Buffer.from('{'), { fin: false });
      raw.sendFrame('text', Buffer.from('}'));
    }],
    ['a fragmented ping', 1002, (raw) => raw.sendFrame('ping', Buffer.from('a'), { fin: false })],
    ['a ping of 126 bytes', 1002, (raw) => raw.sendFrame('ping', Buffer.alloc(126))],
    ['a length that is not in its shortest form', 1002, (raw) => raw.sendFrame('text', Buffer.from('{}'), { lengthBytes: 2 })],
    ['a close payload of one byte', 1002, (raw) => raw.sendFrame('close', Buffer.from([3]))],
    ['the close code 1005', 1002, (raw) => raw.sendClose(1005)],
    ['the close code 1006', 1002, (raw) => raw.sendClose(1006)],
    ['the close code 999', 1002, (raw) => raw.sendClose(999)],
    ['the close code 5000', 1002, (raw) => raw.sendClose(5000)],
    ['text that is not UTF-8', 1007, (raw) => raw.sendFrame('text', Buffer.from([0xc3, 0x28]))],
    ['text that ends within a character', 1007, (raw) => raw.sendFrame('text', Buffer.from([0x61, 0xe2, 0x82]))],
    ['a surrogate in UTF-8', 1007, (raw) => raw.sendFrame('text', Buffer.from([0xed, 0xa0, 0x80]))],
    ['an overlong NUL', 1007, (raw) => raw.sendFrame('text', Buffer.from([0xc0, 0x80]))],
    ['a close reason that is not UTF-8', 1007,
      (raw) => raw.sendFrame('close', Buffer.concat([closePayload(1000), Buffer.from([0xff])]))],
    ['a message over maxPayload', 1009, (raw) => raw.sendFrame('text', Buffer.from('{'), { length: 10485761, lengthBytes: 8 })],
  ];
  for (const [what, code, send] of VIOLATIONS) {
    test(`is closed with ${code} for ${what}`, async (t) => {
      const raw = await connect(t);
      send(raw);
      assert.strictEqual((await raw.closed()).code, code);
      await raw.eof();
      await assertServes();
    });
  }

  test('is closed for a length with its highest bit set', async (t) => {
    const raw = await connect(t);
    raw.sendBytes(Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 0xff), Buffer.alloc(4)]));
    assert.ok([1002, 1009].includes((await raw.closed()).code));
  });

  test('that goes in the middle of a frame harms nobody', async () => {
    for (const bytes of [[0x81], [0x81, 0xfe], [0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5], [0x01, 0x81, 0, 0, 0, 0, 0x41]]) {
      const raw = await RawSocket.connect(cluster.port);
      raw.sendBytes(Buffer.from(bytes));
      raw.socket.end();
      await raw.eof();
    }
    await assertServes();
  });

  test('that is reset by its peer harms nobody', async () => {
    for (let i = 0; i < 10; i++) {
      const raw = await RawSocket.connect(cluster.port);
      raw.send({ event: 'echo', data: 'z'.repeat(100000), cid: 1 });
      raw.socket.resetAndDestroy();
    }
    await assertServes();
  });

  test('is answered a close frame of the same code, and TCP is closed by the server', async (t) => {
    for (const code of [1000, 1001, 1011, 3000, 4000, 4999]) {
      const raw = await connect(t, { repliesToClose: false });
      raw.sendClose(code, 'bye');
      assert.strictEqual((await raw.closed()).code, code);
      await raw.eof();
    }
  });

  test('is answered an empty close frame with an empty one', async (t) => {
    const raw = await connect(t, { repliesToClose: false });
    raw.sendClose(null);
    assert.deepStrictEqual(await raw.closed(), { code: null, reason: '' });
    await raw.eof();
  });

  test('is not heard after its close frame', async (t) => {
    const raw = await connect(t, { repliesToClose: false });
    raw.sendClose(1000);
    raw.send({ event: 'echo', data: 'late', cid: 77 });
    await raw.eof();
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'text' && item.payload.includes('"rid":77')));
  });
});

describe('a connection that the server closes', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }] });
  });
  after(() => cluster.stop());

  // A client may have to inflate what came before, and takes the end of TCP for the end of the session.
  test('stays up until the client has answered the close frame, whatever else it says before', async (t) => {
    const raw = await RawSocket.connect(cluster.port, { repliesToClose: false });
    t.after(() => raw.destroy());
    raw.send({ event: 'closeme', data: { code: 4321, data: 'why' } });
    assert.deepStrictEqual(await raw.closed(), { code: 4321, reason: 'why' });
    raw.send({ event: 'echo', data: 'late', cid: 77 });
    raw.sendFrame('binary', Buffer.alloc(70000, 0x88));
    const other = await RawSocket.connect(cluster.port);
    t.after(() => other.destroy());
    for (let i = 0; i < 20; i++) await other.ask('echo', i);
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'eof'), 'shut down before the answer');
    raw.sendClose(4321);
    await raw.eof();
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'text' && item.payload.includes('"rid":77')));
  });

  test('ends after a while though the client does not answer', async (t) => {
    const raw = await RawSocket.connect(cluster.port, { repliesToClose: false });
    t.after(() => raw.destroy());
    raw.send({ event: 'closeme', data: { code: 4321 } });
    await raw.closed();
    await raw.eof();
  });
});

describe('limits of a connection', () => {
  test('a message over maxPayload closes with 1009, in one frame or in fragments', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { maxPayload: 1000 } });
    const fits = await RawSocket.connect(cluster.port);
    const around = '{"event":"echo","data":"","cid":9}'.length;
    fits.send({ event: 'echo', data: 'x'.repeat(1000 - around), cid: 9 });
    assert.strictEqual((await fits.answer(9)).data.length, 1000 - around);
    const whole = await RawSocket.connect(cluster.port);
    whole.sendFrame('text', Buffer.alloc(1001, 0x20));
    assert.strictEqual((await whole.closed()).code, 1009);
    const parts = await RawSocket.connect(cluster.port);
    parts.sendFrame('text', Buffer.alloc(600, 0x20), { fin: false });
    parts.sendFrame('continuation', Buffer.alloc(401, 0x20));
    assert.strictEqual((await parts.closed()).code, 1009);
    for (const raw of [fits, whole, parts]) raw.destroy();
  });

  test('a client that never sends its #handshake is closed with 4005', async (t) => {
    const cluster = await Cluster.of(t, { options: { handshakeTimeout: 200 } });
    const raw = await RawSocket.open(cluster.port);
    assert.strictEqual((await raw.closed()).code, 4005);
    await raw.eof();
    assert.deepStrictEqual(raw.inbox.take(), [], 'it may be one with a binary codec, and gets no packet as text');
    const json = await Cluster.of(t, { options: { handshakeTimeout: 200, codec: 'json' } });
    const old = await RawSocket.open(json.port);
    assert.deepStrictEqual((await old.event('#disconnect')).data.code, 4005);
    assert.strictEqual((await old.closed()).code, 4005);
  });

  test('a client that stops within its opening request, or says nothing, is closed after httpTimeout', async (t) => {
    const cluster = await Cluster.of(t, { options: { httpTimeout: 300 } });
    const half = await RawSocket.tcp(cluster.port);
    half.socket.write('GET /socketcluster/ HTTP/1.1\r\nHost: loc');
    const silent = await RawSocket.tcp(cluster.port);
    await half.eof();
    await silent.eof();
  });

  test('a client that sends half a frame and no more is closed by pingTimeout', async (t) => {
    const cluster = await Cluster.of(t, { options: { pingInterval: 100, pingTimeout: 500 } });
    const raw = await RawSocket.connect(cluster.port);
    raw.sendBytes(frameBytes(1, Buffer.from('{"event":"x"}')).subarray(0, 9));
    assert.strictEqual((await raw.closed()).code, 4001);
    raw.destroy();
  });

  test('a client that does not read is closed and costs others nothing', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { maxSocketBacklog: 200000 } });
    const slow = await RawSocket.connect(cluster.port);
    const reader = await RawSocket.connect(cluster.port);
    const publisher = await RawSocket.connect(cluster.port);
    await slow.subscribe('flood');
    await reader.subscribe('flood');
    slow.socket.pause();
    const data = 'x'.repeat(50000);
    for (let i = 0; i < 400; i++) await publisher.publish('flood', [i, data]);
    await reader.message('flood', (message) => message[0] === 399);
    assert.deepStrictEqual(reader.messages('flood').map((message) => message[0]), [...Array(400).keys()]);
    await cluster.waitForLine(/maxSocketBacklog/);
    slow.socket.resume();
    await slow.eof();
    assert.ok(slow.messages('flood').length < 400);
    for (const raw of [slow, reader, publisher]) raw.destroy();
  });

  test('connections over maxConnections are not served, and those before them live on', async (t) => {
    // Nobody answers pings here while the third waits in vain, for as long as pingTimeout is by default.
    const options = { maxConnections: 2, pingInterval: 60000, pingTimeout: 120000 };
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options });
    const first = await RawSocket.connect(cluster.port);
    const second = await RawSocket.connect(cluster.port);
    await assert.rejects(RawSocket.connect(cluster.port));
    assert.strictEqual(await first.ask('echo', 1), 1);
    second.destroy();
    first.destroy();
  });

  test('a thousand connections that come and go leave a worker that serves', { timeout: 120000 }, async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }] });
    for (let round = 0; round < 20; round++) {
      const all = await Promise.all([...Array(50)].map(() => RawSocket.connect(cluster.port)));
      for (const [i, raw] of all.entries()) {
        if (i % 2) raw.sendClose(1000);
        raw.destroy();
      }
    }
    const raw = await RawSocket.connect(cluster.port);
    assert.strictEqual(await raw.ask('echo', 1), 1);
    raw.destroy();
  });
});
