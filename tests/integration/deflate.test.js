'use strict';
// permessage-deflate (RFC 7692): what is agreed on, messages both ways with the published clients, a browser and the `ws` module,
// limits, and that a message is compressed once.

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS, trackPresence } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { RawSocket, deflate } = require('./support/raw');
const { LIMIT_MS, later, until, within } = require('./support/wait');

const OFFER = 'permessage-deflate; client_max_window_bits';
const ANSWER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const PLUGINS = [{ test: 'trace_app' }, { test: 'probe' }, { test: 'whoami' }];

// JSON of so many entries, some 60 bytes each, that no two calls give alike.
function large(entries, mark = 0) {
  return Array.from({ length: entries }, (_, i) => ({ id: i, user: `user${(i * 7) % 31}`, text: 'hello everybody', mark }));
}

const headers = (offer) => ({ 'Sec-WebSocket-Extensions': offer });

async function peer(t, cluster, offer, options = {}) {
  const raw = await RawSocket.connect(cluster.port, { ...options, headers: offer ? headers(offer) : {} });
  t.after(() => raw.destroy());
  return raw;
}

// The counters of the worker that the socket is on; `raw` has agreed on nothing, so its own packets change none.
function counters(raw) {
  return raw.ask('probe:counters');
}

async function change(raw, action) {
  const earlier = await counters(raw);
  await action();
  const now = await counters(raw);
  return (name) => now[name] - earlier[name];
}

describe('permessage-deflate', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: PLUGINS, options: { perMessageDeflate: true, pingInterval: 60000, pingTimeout: 120000 } });
  });
  after(() => cluster.stop());

  async function upgraded(t, offer) {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    return raw.upgrade({ headers: headers(offer) });
  }

  test('is agreed on without context takeover of either side', async (t) => {
    const cases = [
      [OFFER, ANSWER],
      ['permessage-deflate', ANSWER],
      ['permessage-deflate; server_no_context_takeover; client_no_context_takeover', ANSWER],
      ['permessage-deflate; server_max_window_bits=10', `${ANSWER}; server_max_window_bits=10`],
      ['permessage-deflate; x, x-webkit-deflate-frame, permessage-deflate; server_max_window_bits="9"', `${ANSWER}; server_max_window_bits=9`],
    ];
    for (const [offer, expected] of cases) {
      const answer = await upgraded(t, offer);
      assert.strictEqual(answer.status, 101);
      assert.strictEqual(answer.headers['sec-websocket-extensions'], expected, offer);
    }
  });

  test('is not agreed on by an offer that the server can not meet, and the connection works without', async (t) => {
    for (const offer of ['x-webkit-deflate-frame', 'permessage-deflate; nonsense', 'permessage-deflate; server_max_window_bits']) {
      const raw = await peer(t, cluster, offer);
      assert.strictEqual(raw.extensions, undefined, offer);
      assert.deepStrictEqual(await raw.ask('echo', large(50)), large(50));
    }
  });

  test('refuses a header that is malformed', async (t) => {
    const answer = await upgraded(t, 'permessage-deflate; =');
    assert.strictEqual(answer.status, 400);
  });

  for (const version of VERSIONS) {
    test(`carries large messages to and from client ${version.name}`, async (t) => {
      const plain = await peer(t, cluster);
      const room = `room ${version.name}`;
      await plain.subscribe(room);
      await until('the end of earlier sockets', async () => (await counters(plain)).deflate_sockets === 0);
      let client;
      const agreed = await change(plain, async () => {
        client = await Client.of(t, version.name, cluster.port);
      });
      assert.strictEqual(agreed('deflate_sockets'), 1);
      const inbox = client.messages(room);
      await client.subscribe(room);

      // From the client: it compresses; the other gets it plain. The client gets its own message back, compressed.
      const published = await change(plain, async () => {
        await client.publish(room, large(100, 1));
        assert.deepStrictEqual(await plain.message(room), large(100, 1));
        assert.deepStrictEqual(await inbox.next(), large(100, 1));
      });
      assert.strictEqual(published('inflated'), 1);
      assert.ok(published('inflated_to_bytes') > 3 * published('inflated_from_bytes'));
      assert.strictEqual(published('deflated'), 1);
      assert.ok(published('deflated_from_bytes') > 3 * published('deflated_to_bytes'));

      // To the client, from one without compression.
      const received = await change(plain, async () => {
        await plain.publish(room, large(100, 2));
        assert.deepStrictEqual(await inbox.next(), large(100, 2));
      });
      assert.strictEqual(received('inflated'), 0);
      assert.strictEqual(received('deflated'), 1);

      // Calls both ways.
      assert.deepStrictEqual(await client.call('echo', large(100, 3)), large(100, 3));
      client.handle('question', (data) => data.map((item) => item.id));
      const answer = await client.call('trace:emit', { event: 'question', data: large(400, 4) });
      assert.deepStrictEqual(answer, large(400).map((item) => item.id));
    });
  }

  test('takes a compressed empty text for the pong of protocol 2', async (t) => {
    const raw = await peer(t, cluster, OFFER);
    raw.sendFrame('text', Buffer.from([0]), { rsv: 4 });
    raw.send({ event: 'closeme', data: { code: 4400, data: 'bye' } });
    assert.deepStrictEqual(await raw.closed(), { code: 4400, reason: 'bye' });
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'text' && item.payload.includes('#disconnect')), 'sent as to protocol 1');
  });

  test('compresses a message once for all its subscribers, and leaves it plain for the others', async (t) => {
    const plain = await peer(t, cluster);
    const packed = await Promise.all(Array.from({ length: 50 }, () => peer(t, cluster, OFFER)));
    const others = await Promise.all(Array.from({ length: 5 }, () => peer(t, cluster)));
    for (const raw of [...packed, ...others]) await raw.subscribe('crowd');
    // Each with its own length: none is like the one before; the last is too long for the compressor to remember.
    for (const entries of [60, 61, 2000]) {
      const done = await change(plain, async () => {
        await plain.publish('crowd', large(entries));
        for (const raw of [...packed, ...others]) assert.deepStrictEqual(await raw.message('crowd'), large(entries));
      });
      assert.strictEqual(done('deflated'), 1);
      assert.ok(done('deflated_from_bytes') > entries * 50);
    }
    const bytes = (raw) => raw.inbox.all.find((item) => item.frame === 'text' && item.payload.includes('"crowd","data"')).deflatedBytes;
    for (const raw of packed) assert.ok(bytes(raw) > 0 && bytes(raw) === bytes(packed[0]));
    for (const raw of others) assert.strictEqual(bytes(raw), undefined);
  });

  test('leaves short messages and those that would not become smaller as they are', async (t) => {
    const plain = await peer(t, cluster);
    const raw = await peer(t, cluster, OFFER);
    const noise = crypto.randomBytes(3000).toString('base64').replace(/[^a-zA-Z0-9]/g, '').slice(0, 1100);
    await raw.subscribe('short');
    const done = await change(plain, async () => {
      await plain.publish('short', large(10));
      assert.deepStrictEqual(await raw.message('short'), large(10));
      await plain.publish('short', 'x'.repeat(3000));
      assert.deepStrictEqual(await raw.message('short'), 'x'.repeat(3000));
      await plain.publish('short', noise);
      assert.deepStrictEqual(await raw.message('short'), noise);
    });
    assert.ok(done('deflated') <= 2 && done('deflated') >= 1);
    const first = raw.inbox.all.find((item) => item.payload.includes('"short","data":['));
    assert.strictEqual(first.deflatedBytes, undefined);
  });

  test('takes fragments of a compressed message with control frames in between', async (t) => {
    const raw = await peer(t, cluster, OFFER);
    const text = JSON.stringify({ event: 'echo', data: large(200), cid: 77 });
    const payload = deflate(Buffer.from(text));
    raw.sendFrame('text', payload.subarray(0, 10), { rsv: 4, fin: false });
    raw.sendFrame('ping', Buffer.from('in between'));
    raw.sendFrame('continuation', payload.subarray(10, 50), { fin: false });
    raw.sendFrame('continuation', Buffer.alloc(0), { fin: false });
    raw.sendFrame('continuation', payload.subarray(50), { fin: true });
    assert.deepStrictEqual((await raw.answer(77)).data, large(200));
    raw.sendDeflated(JSON.stringify({ event: 'echo', data: large(40), cid: 78 }), 100);
    assert.deepStrictEqual((await raw.answer(78)).data, large(40));
    assert.ok(raw.inbox.all.some((item) => item.frame === 'pong'));
  });

  test('takes what the ws module compresses, fragmented or not, and is taken by it', async (t) => {
    const WebSocket = require(require.resolve('ws', { paths: [require.resolve('scc20')] }));
    const settings = [true, { threshold: 0 }, { serverMaxWindowBits: 10 }, { clientMaxWindowBits: 9, threshold: 0 }, { serverNoContextTakeover: true }];
    for (const perMessageDeflate of settings) {
      const ws = new WebSocket(`ws://127.0.0.1:${cluster.port}/socketcluster/`, { perMessageDeflate });
      t.after(() => ws.terminate());
      const answers = [];
      ws.on('message', (bytes) => String(bytes).startsWith('{') && answers.push(JSON.parse(String(bytes))));
      await within('an opening', new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject)));
      assert.match(ws.extensions, /^permessage-deflate/);
      ws.send('{"event":"#handshake","data":{"authToken":null},"cid":1}');
      const text = JSON.stringify({ event: 'echo', data: large(300), cid: 2 });
      for (let at = 0; at < text.length; at += 3000) ws.send(text.slice(at, at + 3000), { fin: at + 3000 >= text.length });
      ws.send(JSON.stringify({ event: 'echo', data: large(300, 1), cid: 3 }));
      const answer = (rid) => until(`answer ${rid}`, () => answers.find((packet) => packet.rid === rid));
      assert.deepStrictEqual((await answer(2)).data, large(300), JSON.stringify(perMessageDeflate));
      assert.deepStrictEqual((await answer(3)).data, large(300, 1), JSON.stringify(perMessageDeflate));
    }
  });

  test('ends who sends a bomb with 1009, early, and nobody else', async (t) => {
    const bombs = [100 * 1024 * 1024, 11 * 1024 * 1024, 1024 * 1024].map((bytes) => deflate(Buffer.alloc(bytes, ' '), { level: 9 }));
    const plain = await peer(t, cluster);
    const witness = await Client.of(t, '20.0.2', cluster.port);
    const done = await change(plain, async () => {
      for (const bomb of bombs) {
        const raw = await peer(t, cluster, OFFER);
        raw.sendFrame('text', bomb, { rsv: 4 });
        const { code } = await raw.closed();
        assert.strictEqual(code, 1009);
        await raw.eof();
      }
    });
    assert.ok(bombs[2].length < 1200);
    assert.strictEqual(done('inflate_refused'), bombs.length);
    assert.strictEqual(done('inflated_to_bytes'), 0);
    assert.deepStrictEqual(await witness.call('echo', large(100)), large(100));
  });

  test('closes with 1007 on what is malformed and with 1002 on compression that was not agreed on', async (t) => {
    const good = deflate(Buffer.from(JSON.stringify({ event: 'echo', data: large(100), cid: 5 })));
    const cases = [
      [OFFER, Buffer.from('not compressed at all'), 1007],
      [OFFER, good.subarray(0, 40), 1007],
      [OFFER, deflate(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
      [null, good, 1002],
    ];
    for (const [offer, payload, expected] of cases) {
      const raw = await peer(t, cluster, offer);
      raw.sendFrame('text', payload, { rsv: 4 });
      assert.strictEqual((await raw.closed()).code, expected);
    }
  });

  test('is offered by Chromium and works there', async (t) => {
    const { chromium } = require('playwright-core');
    const candidates = [process.env.SC_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
    const executablePath = candidates.find((file) => file && fs.existsSync(file));
    assert.ok(executablePath, 'no Chromium: install the package chromium or set SC_CHROMIUM');
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
    t.after(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(`http://127.0.0.1:${cluster.port}/`);
    const plain = await peer(t, cluster);
    let answer;
    const done = await change(plain, async () => {
      answer = await within('the browser', page.evaluate(({ port, data }) => new Promise((resolve, reject) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/socketcluster/`);
        const timer = setInterval(() => ws.readyState === 1 && ws.send(''), 200); // empty texts are compressed too
        ws.onerror = () => reject(new Error('an error'));
        ws.onclose = (event) => reject(new Error(`closed with ${event.code}`));
        ws.onopen = () => {
          ws.send('{"event":"#handshake","data":{"authToken":null},"cid":1}');
          for (let cid = 2; cid <= 21; cid++) ws.send(JSON.stringify({ event: 'echo', data, cid }));
        };
        const got = [];
        ws.onmessage = ({ data: text }) => {
          const packet = text.startsWith('{') ? JSON.parse(text) : {};
          if (packet.rid > 1) got.push(packet.data);
          if (got.length < 20) return;
          clearInterval(timer);
          ws.onclose = null;
          ws.close();
          resolve({ extensions: ws.extensions, isSame: got.every((item) => JSON.stringify(item) === JSON.stringify(data)) });
        };
      }), { port: cluster.port, data: large(150) }));
    });
    assert.strictEqual(answer.extensions, ANSWER);
    assert.ok(answer.isSame);
    assert.ok(done('inflated') >= 20 && done('deflated') === 20);
  });
});

describe('permessage-deflate with everything compressed', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      workers: 2,
      brokers: 2,
      plugins: [...PLUGINS, { name: 'stateless_presence', options: { presenceInterval: 1000 } }],
      options: { perMessageDeflate: { threshold: 0, serverMaxWindowBits: 14, zlibDeflateOptions: { level: 6 } }, pingInterval: 300, pingTimeout: 60000 },
    });
  });
  after(() => cluster.stop());

  for (const version of VERSIONS) {
    test(`carries the whole protocol of client ${version.name}`, async (t) => {
      const client = await Client.of(t, version.name, cluster.port);
      const other = await Client.of(t, '14.3.2', cluster.port);
      await client.login({ username: `ada ${version.name}`, roles: ['admin', 'admin', 'admin', 'admin'] });
      await client.until('the token', () => client.claims && client.claims.roles);
      await client.subscribe(version.name);
      await other.subscribe(version.name);
      const heard = client.messages(version.name);
      const heardByOther = other.messages(version.name);
      for (let i = 0; i < 20; i++) {
        await client.publish(version.name, large(i, 'client'));
        await other.publish(version.name, large(i, 'other'));
      }
      for (const inbox of [heard, heardByOther]) {
        for (let i = 0; i < 20; i++) {
          assert.deepStrictEqual(await inbox.next(), large(i, 'client'));
          assert.deepStrictEqual(await inbox.next(), large(i, 'other'));
        }
      }
      await assert.rejects(client.call('failobj', 1), { name: 'MyErr', message: 'm' });
      client.handle('question', (data) => ({ answer: data + 1 }));
      assert.deepStrictEqual(await client.call('trace:emit', { event: 'question', data: 41 }), { answer: 42 });
      client.disconnect();
      await client.event('disconnect');
    });
  }

  test('shows people who is there', async (t) => {
    const people = [];
    for (const version of ['6.4.0', '14.3.2']) {
      const client = await Client.of(t, version, cluster.port);
      await client.login({ username: version.repeat(20) });
      await client.until('the token', () => client.claims);
      const tracked = trackPresence(client, ['hall']);
      await client.subscribe('hall');
      people.push(tracked);
    }
    const names = ['6.4.0', '14.3.2'].map((version) => version.repeat(20)).sort();
    for (const tracked of people) await tracked.untilList(names);
    people[0].client.close();
    await people[1].untilList([names.find((name) => name.startsWith('14'))]);
  });

  test('keeps to the window that a client has asked for', async (t) => {
    const plain = await peer(t, cluster);
    for (const bits of [8, 9, 10, 12, 14, 15]) {
      const raw = await peer(t, cluster, `permessage-deflate; server_max_window_bits=${bits}`);
      assert.strictEqual(raw.extensions, `${ANSWER}; server_max_window_bits=${Math.min(bits, 14)}`);
      raw.inflateOptions = { windowBits: Math.max(bits, 9), chunkSize: 64 }; // Node's zlib has no 8
      await raw.subscribe(`window ${bits}`);
      for (const entries of [2, 5, 12, 40, 100, 200, 400]) {
        await plain.publish(`window ${bits}`, large(entries));
        assert.deepStrictEqual(await raw.message(`window ${bits}`), large(entries));
      }
      const seen = raw.inbox.all.filter((item) => item.frame === 'text' && item.payload.includes('"#publish"'));
      const longest = Math.max(...seen.filter((item) => item.deflatedBytes).map((item) => item.payload.length));
      assert.ok(bits >= 14 ? longest > 20000 : longest <= 2 ** bits, `${longest} bytes with ${bits} bits`);
      assert.ok(longest > 2 ** (bits - 3), `${longest} bytes with ${bits} bits`);
    }
  });
});

describe('permessage-deflate with pings', () => {
  test('lets every client live on them', async (t) => {
    const cluster = await Cluster.of(t, { plugins: PLUGINS, options: { perMessageDeflate: true, pingInterval: 300, pingTimeout: 1500 } });
    const clients = await Promise.all(VERSIONS.map((version) => Client.of(t, version.name, cluster.port)));
    await later(4000); // more than twice pingTimeout: without pings, or without pongs, they would be gone
    for (const client of clients) {
      assert.strictEqual(client.events.all.filter((event) => event.type === 'disconnect').length, 0, client.version.name);
      assert.strictEqual(await client.call('echo', 1), 1);
    }
  });
});

describe('permessage-deflate with publishOut middleware', () => {
  test('gives each subscriber a frame that fits it', async (t) => {
    const cluster = await Cluster.of(t, {
      plugins: [{ test: 'trace_app', options: { middleware: 'publishOut' } }, { test: 'probe' }],
      options: { perMessageDeflate: true },
    });
    const plain = await peer(t, cluster);
    const packed = [await peer(t, cluster, OFFER), await peer(t, cluster, OFFER)];
    for (const raw of [plain, ...packed]) await raw.subscribe('room');
    const done = await change(plain, async () => {
      await plain.publish('room', 'ab'.repeat(2000));
      for (const raw of [plain, ...packed]) assert.match(await raw.message('room'), /^seen abab/);
    });
    assert.strictEqual(done('deflated'), 1); // each has a frame of its own, but they are alike
    for (const raw of packed) assert.ok(raw.inbox.all.some((item) => item.deflatedBytes > 0));
  });
});
