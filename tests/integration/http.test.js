'use strict';
// HTTP on the port of the WebSocket connections: plugins, limits, refusals, proxies (docs/protocol.md, "Transport").

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { RawSocket, get, http, readAnswer } = require('./support/raw');

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${KEY}\r\n`;

describe('HTTP', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      plugins: ['health_check', { test: 'http_probe' }, { test: 'probe' }],
      options: { maxHttpBody: 1000, maxHeaderSize: 2000, trustedProxies: '127.0.0.2, 10.0.0.0/8' },
    });
  });
  after(() => cluster.stop());

  async function keepAlive(t, options) {
    const raw = await RawSocket.tcp(cluster.port, options);
    t.after(() => raw.destroy());
    return raw;
  }

  test('the health check answers 200', async () => {
    const answer = await get(cluster.port, '/health-check');
    assert.strictEqual(answer.status, 200);
    assert.strictEqual(answer.body, 'OK');
    assert.strictEqual((await get(cluster.port, '/health-check?x=1')).status, 200);
  });

  test('a path that nobody serves is answered 404, with a length', async () => {
    const answer = await get(cluster.port, '/nothing');
    assert.strictEqual(answer.status, 404);
    assert.ok(Number(answer.headers['content-length']) > 0);
  });

  test('a method that a path does not have is answered 405 with those that it has', async () => {
    const answer = await http(cluster.port, 'DELETE /probe/echo HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.strictEqual(answer.status, 405);
    assert.deepStrictEqual(answer.headers.allow.split(/, */).filter((name) => name !== 'HEAD').sort(), ['GET', 'POST']);
  });

  test('HEAD is answered as GET without the body', async (t) => {
    const raw = await keepAlive(t);
    raw.socket.write('HEAD /health-check HTTP/1.1\r\nHost: x\r\n\r\nGET /health-check HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await readAnswer(raw, { hasNoBody: true });
    assert.strictEqual(head.headers['content-length'], '2');
    assert.strictEqual((await readAnswer(raw)).body, 'OK');
  });

  test('a connection serves many requests, also sent all at once, in their order', async (t) => {
    const raw = await keepAlive(t);
    const paths = [...Array(20)].map((_, i) => (i % 3 ? `/probe/echo?${i}` : `/probe/later?${i}`));
    raw.socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    for (let i = 0; i < 20; i++) assert.strictEqual(JSON.parse((await readAnswer(raw)).body).query, String(i));
  });

  test('a request that arrives byte by byte is understood', async (t) => {
    const raw = await keepAlive(t);
    raw.socket.setNoDelay(true);
    for (const byte of Buffer.from('POST /probe/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'))
      raw.socket.write(Buffer.from([byte]));
    assert.strictEqual(JSON.parse((await readAnswer(raw)).body).body, 'abc');
  });

  test('Connection: close and HTTP/1.0 end the connection after the answer', async (t) => {
    for (const request of ['GET /health-check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'GET /health-check HTTP/1.0\r\n\r\n']) {
      const raw = await keepAlive(t);
      raw.socket.write(request);
      assert.strictEqual((await readAnswer(raw)).status, 200);
      await raw.eof();
    }
  });

  test('a plugin sees method, path, query, header, body and address, and answers as it likes', async () => {
    const answer = await http(cluster.port,
      'POST /probe/echo?a=1&b HTTP/1.1\r\nHost: x\r\nX-PROBE: y\r\nContent-Length: 5\r\n\r\n{"a"}');
    assert.deepStrictEqual(JSON.parse(answer.body), {
      method: 'POST', path: '/probe/echo', query: 'a=1&b', header: 'y', address: '127.0.0.1', body: '{"a"}',
    });
    assert.strictEqual(answer.headers['content-type'], 'application/json');
    const other = await get(cluster.port, '/probe/response');
    assert.strictEqual(other.status, 201);
    assert.strictEqual(other.headers['content-type'], 'text/x-probe');
    assert.strictEqual(other.headers['x-one'], '1');
    assert.strictEqual(other.headers['x-two'], '2');
    assert.ok(!Number.isNaN(Date.parse(other.headers.date)));
  });

  test('a chunked body is taken whole', async () => {
    const answer = await http(cluster.port, 'POST /probe/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n');
    assert.strictEqual(JSON.parse(answer.body).body, 'abcde');
  });

  test('a star in a path stands for any rest, and the longest match wins', async () => {
    assert.strictEqual(JSON.parse((await get(cluster.port, '/probe/files/a/b%20c')).body).path, '/probe/files/a/b%20c');
    assert.strictEqual((await get(cluster.port, '/probe/files/special')).body, 'special');
  });

  test('a client that has gone before its answer harms nobody', async () => {
    const raw = await RawSocket.tcp(cluster.port);
    raw.socket.write('GET /probe/later HTTP/1.1\r\nHost: x\r\n\r\n');
    raw.destroy();
    assert.strictEqual((await get(cluster.port, '/probe/later')).status, 200);
  });

  test('a body over maxHttpBody is answered 413, with a length or in chunks', async () => {
    const long = await http(cluster.port, 'POST /probe/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n');
    assert.strictEqual(long.status, 413);
    const chunk = `3e9\r\n${'x'.repeat(1001)}\r\n`;
    const chunked = await http(cluster.port, `POST /probe/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
    assert.strictEqual(chunked.status, 413);
  });

  test('a head over maxHeaderSize is answered 431', async () => {
    assert.strictEqual((await get(cluster.port, '/', { 'X-Long': 'x'.repeat(3000) })).status, 431);
    assert.strictEqual((await get(cluster.port, `/${'x'.repeat(3000)}`)).status, 431);
  });

  test('what is no HTTP is answered 400', async () => {
    for (const request of ['hello\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/1.1\r\nbad header\r\n\r\n', '\x16\x03\x01\x02\x00\r\n\r\n'])
      assert.strictEqual((await http(cluster.port, request)).status, 400, JSON.stringify(request));
  });

  test('two lengths, or a length beside chunks, are answered 400', async () => {
    const start = 'POST /probe/echo HTTP/1.1\r\nHost: x\r\n';
    assert.strictEqual((await http(cluster.port, `${start}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`)).status, 400);
    assert.strictEqual(
      (await http(cluster.port, `${start}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).status, 400);
  });

  test('a plain GET of the socket path is answered 426', async () => {
    const answer = await get(cluster.port, '/socketcluster/');
    assert.strictEqual(answer.status, 426);
    assert.match(answer.headers.upgrade, /websocket/i);
  });

  test('an upgrade of another path, without key or of an unknown version is answered 400', async () => {
    const cases = [
      `GET /other/ HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
      `GET /SocketCluster/ HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
      `GET /socketcluster/ HTTP/1.1\r\nHost: x\r\n${UPGRADE.replace(`${KEY}\r\n`, '')}\r\n`,
      `GET /socketcluster/ HTTP/1.1\r\nHost: x\r\n${UPGRADE.replace(KEY, 'Sec-WebSocket-Key: abc')}\r\n`,
      `GET /socketcluster/ HTTP/1.1\r\nHost: x\r\n${UPGRADE.replace(': 13', ': 12')}\r\n`,
    ];
    for (const request of cases) {
      const answer = await http(cluster.port, request);
      assert.strictEqual(answer.status, 400, request);
      assert.strictEqual(answer.headers.connection, 'close');
      assert.strictEqual(answer.headers['content-type'], 'text/html');
    }
  });

  test('the path may lack its last slash', async () => {
    const raw = await RawSocket.connect(cluster.port, { path: '/socketcluster' });
    raw.destroy();
  });

  test('X-Forwarded-For counts from trusted proxies only', async () => {
    const addressOf = async (localAddress, forwarded) => {
      const headers = forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded };
      const raw = await RawSocket.connect(cluster.port, { localAddress, headers });
      const { address } = await raw.ask('probe:origin');
      raw.destroy();
      return address;
    };
    assert.strictEqual(await addressOf('127.0.0.1', '1.2.3.4'), '127.0.0.1');
    assert.strictEqual(await addressOf('127.0.0.2', '1.2.3.4'), '1.2.3.4');
    assert.strictEqual(await addressOf('127.0.0.2'), '127.0.0.2');
    assert.strictEqual(await addressOf('127.0.0.2', '6.6.6.6, 1.2.3.4'), '1.2.3.4');
    assert.strictEqual(await addressOf('127.0.0.2', '1.2.3.4, 10.9.9.9'), '1.2.3.4');
    assert.strictEqual(await addressOf('127.0.0.2', 'nonsense'), '127.0.0.2');
  });

  test('X-Forwarded-For counts for plain requests, too', async () => {
    const text = 'GET /probe/echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 2001:db8::1\r\n\r\n';
    const trusted = await http(cluster.port, text, { localAddress: '127.0.0.2' });
    assert.strictEqual(JSON.parse(trusted.body).address, '2001:db8::1');
    const other = await http(cluster.port, text);
    assert.strictEqual(JSON.parse(other.body).address, '127.0.0.1');
  });
});

test('the option path moves the socket endpoint', async (t) => {
  const cluster = await Cluster.of(t, { options: { path: '/chat' } });
  for (const path of ['/chat', '/chat/', '/chat/?x=1']) (await RawSocket.connect(cluster.port, { path })).destroy();
  await assert.rejects(RawSocket.connect(cluster.port, { path: '/socketcluster/' }), { message: /400/ });
});

test('an origin that is not in the list is answered 403', async (t) => {
  const cluster = await Cluster.of(t, { options: { origins: 'good.example:*, tls.example:443' } });
  const open = (Origin) => RawSocket.open(cluster.port, { headers: Origin ? { Origin } : {} });
  (await open('http://good.example:99')).destroy();
  (await open('https://tls.example')).destroy();
  for (const origin of ['http://tls.example', 'http://evil.example', 'null', undefined, 'http://notgood.example'])
    await assert.rejects(open(origin), (error) => error.answer.status === 403, String(origin));
});
