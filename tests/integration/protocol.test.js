'use strict';
// The rules of docs/protocol.md that the golden traces do not show, driven with raw frames.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { nowS, sign, verify } = require('./support/token');

const FAR_S = 4102444800; // 2100

async function connect(t, cluster, options) {
  const raw = await RawSocket.connect(cluster.port, options);
  t.after(() => raw.destroy());
  return raw;
}

async function open(t, cluster, options) {
  const raw = await RawSocket.open(cluster.port, options);
  t.after(() => raw.destroy());
  return raw;
}

describe('pings', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }], options: { pingInterval: 300, pingTimeout: 10000 } });
  });
  after(() => cluster.stop());

  const textOf = async (raw) => {
    const frame = await raw.next();
    assert.strictEqual(frame.frame, 'text');
    return frame.payload;
  };

  test('a connection of unknown version gets #1 right after the handshake, then both kinds in turn', async (t) => {
    const raw = await connect(t, cluster);
    for (const expected of ['#1', '', '#1', '', '#1']) assert.strictEqual(await textOf(raw), expected);
  });

  test('a connection that has sent #2 gets #1 only', async (t) => {
    const raw = await connect(t, cluster);
    assert.strictEqual(await textOf(raw), '#1');
    raw.sendText('#2');
    for (let i = 0; i < 3; i++) assert.strictEqual(await textOf(raw), '#1');
  });

  test('a connection that has sent an empty text gets empty texts only', async (t) => {
    const raw = await connect(t, cluster);
    assert.strictEqual(await textOf(raw), '#1');
    raw.sendText('');
    for (let i = 0; i < 3; i++) assert.strictEqual(await textOf(raw), '');
  });

  test('a version that is known does not change', async (t) => {
    const raw = await connect(t, cluster);
    assert.strictEqual(await textOf(raw), '#1');
    raw.sendText('#2');
    raw.sendText('');
    for (let i = 0; i < 3; i++) assert.strictEqual(await textOf(raw), '#1');
  });

  test('a batch subscription shows protocol 1', async (t) => {
    const raw = await connect(t, cluster);
    assert.strictEqual(await textOf(raw), '#1');
    await raw.subscribe('b', { batch: true }).catch(() => {});
    for (let i = 0; i < 2; i++) assert.strictEqual(await textOf(raw), '#1');
  });

  test('pongs may come before the handshake', async (t) => {
    for (const pong of ['#2', '']) {
      const raw = await open(t, cluster);
      raw.sendText(pong);
      assert.strictEqual((await raw.handshake()).data.isAuthenticated, false);
    }
  });

  test('the option protocolVersion decides without asking', async (t) => {
    for (const [version, ping] of [['1', '#1'], ['2', '']]) {
      const fixed = await Cluster.of(t, { options: { protocolVersion: version, pingInterval: 200, pingTimeout: 10000 } });
      const raw = await connect(t, fixed);
      for (let i = 0; i < 3; i++) assert.strictEqual(await textOf(raw), ping);
    }
  });

  test('a silent connection is closed with 4001 and no #disconnect packet', async (t) => {
    const short = await Cluster.of(t, { options: { pingInterval: 150, pingTimeout: 500 } });
    const raw = await connect(t, short);
    const closed = await raw.closed();
    assert.strictEqual(closed.code, 4001);
    assert.ok(!raw.inbox.all.some((item) => item.frame === 'text' && item.payload.includes('#disconnect')));
  });
});

describe('the handshake', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }], options: { pingInterval: 60000, pingTimeout: 120000 } });
  });
  after(() => cluster.stop());

  test('gives each socket another id', async (t) => {
    const all = await Promise.all([...Array(50)].map(() => connect(t, cluster)));
    assert.strictEqual(new Set(all.map((raw) => raw.id)).size, 50);
    assert.strictEqual(new Set(all.map((raw) => raw.id.slice(0, 8))).size, 50);
    for (const raw of all) assert.match(raw.id, /^[\w-]{20}$/);
  });

  test('may have any number as cid, and is answered with the same', async (t) => {
    for (const cid of ['0', '-5', '1.5', '1e3', '9007199254740993', '2147483648']) {
      const raw = await open(t, cluster);
      raw.sendText(`{"cid":${cid},"event":"#handshake"}`);
      const frame = await raw.next();
      assert.ok(frame.payload.startsWith(`{"rid":${cid},`), frame.payload);
    }
  });

  test('without a number as cid closes with 4008', async (t) => {
    for (const cid of ['', ',"cid":null', ',"cid":"1"', ',"cid":true', ',"cid":{}', ',"cid":[1]']) {
      const raw = await open(t, cluster);
      raw.sendText(`{"event":"#handshake","data":{}${cid}}`);
      assert.strictEqual((await raw.closed()).code, 4008);
    }
  });

  test('of a good token authenticates, and the claims are those that the server sees', async (t) => {
    const raw = await open(t, cluster);
    const claims = { username: 'ada', roles: ['x', { y: 1 }], exp: FAR_S, n: 12345678901 };
    const answer = await raw.handshake(sign(claims));
    assert.strictEqual(answer.data.isAuthenticated, true);
    assert.strictEqual(answer.data.authError, undefined);
    assert.deepStrictEqual((await raw.ask('dump')).auth, claims);
  });

  const BAD = [
    ['another key', sign({ exp: FAR_S }, { key: 'other' }), 'AuthTokenInvalidError', 'invalid signature'],
    ['a past exp', sign({ exp: nowS() - 10 }), 'AuthTokenExpiredError', 'jwt expired'],
    ['an nbf to come', sign({ nbf: nowS() + 3600, exp: FAR_S }), 'AuthTokenNotBeforeError', 'jwt not active'],
    ['an exp that is a string', sign({ exp: 'tomorrow' }), 'AuthTokenInvalidError', 'invalid exp value'],
    ['an exp that is null', sign({ exp: null }), 'AuthTokenInvalidError', 'invalid exp value'],
    ['a payload that is a string', sign('text'), 'AuthTokenInvalidError', 'invalid token'],
    ['a payload that is an array', sign([1]), 'AuthTokenInvalidError', 'invalid token'],
    ['a payload that is null', sign(null), 'AuthTokenInvalidError', 'invalid token'],
    ['two parts', 'a.b', 'AuthTokenInvalidError', 'jwt malformed'],
    ['four parts', 'a.b.c.d', 'AuthTokenInvalidError', 'jwt malformed'],
  ];
  for (const [what, token, name, message] of BAD) {
    test(`of a token with ${what} opens the socket without it`, async (t) => {
      const raw = await open(t, cluster);
      const { data } = await raw.handshake(token);
      assert.strictEqual(data.isAuthenticated, false);
      assert.strictEqual(data.authError.name, name);
      assert.strictEqual(data.authError.message, message);
      assert.strictEqual(data.authError.isBadToken, name !== 'AuthTokenNotBeforeError');
      assert.strictEqual((await raw.ask('dump')).auth, null);
    });
  }

  test('of a token that is good beyond 2038 and 2106 works', async (t) => {
    for (const exp of [2147483648, 4294967296, 99999999999]) {
      const raw = await open(t, cluster);
      assert.strictEqual((await raw.handshake(sign({ exp }))).data.isAuthenticated, true);
    }
  });

  test('of a token that is not active before 2106 does not', async (t) => {
    const raw = await open(t, cluster);
    assert.strictEqual((await raw.handshake(sign({ nbf: 4294967296 + nowS() }))).data.authError.name, 'AuthTokenNotBeforeError');
  });

  test('comes once: a second one changes nothing and is not answered', async (t) => {
    const raw = await connect(t, cluster);
    raw.send({ event: '#handshake', data: { authToken: sign({ username: 'x', exp: FAR_S }) }, cid: 500 });
    assert.strictEqual((await raw.ask('dump')).auth, null);
    assert.ok(!raw.inbox.all.some((item) => item.payload && String(item.payload).includes('"rid":500')));
  });

  test('may come within an array, followed by more', async (t) => {
    const raw = await open(t, cluster);
    raw.sendText('[{"event":"#handshake","cid":1},{"event":"echo","data":"x","cid":2}]');
    assert.strictEqual((await raw.answer(1)).data.isAuthenticated, false);
    assert.strictEqual((await raw.answer(2)).data, 'x');
  });

  test('must be first: anything else closes with 4009', async (t) => {
    for (const text of ['{"event":"echo","cid":1}', 'hello', '{}', '{"rid":1}', '[{"event":"echo","cid":1}]', 'null', '#1']) {
      const raw = await open(t, cluster);
      raw.sendText(text);
      assert.strictEqual((await raw.closed()).code, 4009, text);
      assert.deepStrictEqual(raw.inbox.all.filter((item) => item.frame === 'text'), []);
    }
  });
});

describe('packets', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }], options: { pingInterval: 60000, pingTimeout: 120000 } });
  });
  after(() => cluster.stop());

  test('what is malformed is not answered and closes nothing', async (t) => {
    const raw = await connect(t, cluster);
    const texts = [
      'null', 'true', '12', '"text"', '{', '[', '{"event"', '{"event":"echo","cid":1', '[[]]', '[{}]', '[null]', '[1,[2,[3]]]',
      '{"event":5,"cid":1}', '{"event":null,"cid":1}', '{"event":"","cid":1}', '{"event":{"a":1},"cid":1}', '{"rid":1}',
      '{"rid":"x","error":{}}', '{"cid":1}', '{"data":1}', '\ufeff{"event":"echo","cid":1}', '{"event":"echo","cid":1}x',
      "{'event':'echo','cid':1}", '{"event":"echo","data":01,"cid":1}', '{"event":"echo","data":"\\ud8","cid":1}',
      '{"event":"echo","data":"\t","cid":1}', '{"event":"echo",,"cid":1}', '{"event":"echo","cid":1,}', '#3', '\u0000',
      `${'['.repeat(100000)}`, `{"event":"echo","cid":1,"data":${'['.repeat(600)}${']'.repeat(600)}}`,
    ];
    for (const text of texts) raw.sendText(text);
    raw.send({ event: 'echo', data: 'alive', cid: 99 });
    await raw.answer(99);
    const answers = raw.inbox.all.filter((item) => item.frame === 'text' && item.payload[0] === '{').slice(1);
    assert.deepStrictEqual(answers, [{ frame: 'text', payload: '{"rid":99,"data":"alive"}' }]);
  });

  test('data goes through untouched, byte for byte', async (t) => {
    const raw = await connect(t, cluster);
    await raw.subscribe('exact');
    const data = '{ "z" : 1.0e+2,"a":"\\u00e4\\/ä",  "d":{"a":1,"a":2}, "n":-0.10 }';
    raw.sendText(`{"event":"#publish","data":{"channel":"exact","data":${data}},"cid":50}`);
    await raw.answer(50);
    const frame = raw.inbox.all.find((item) => item.frame === 'text' && item.payload.includes('"#publish"'));
    assert.strictEqual(frame.payload, `{"event":"#publish","data":{"channel":"exact","data":${data}}}`);
  });

  test('a missing data stays missing, null stays null', async (t) => {
    const raw = await connect(t, cluster);
    raw.sendText('{"event":"echo","cid":60}');
    assert.deepStrictEqual(await raw.answer(60), { rid: 60 });
    raw.sendText('{"event":"echo","data":null,"cid":61}');
    assert.deepStrictEqual(await raw.answer(61), { rid: 61, data: null });
  });

  test('names may be escaped, in any way', async (t) => {
    const raw = await connect(t, cluster);
    raw.sendText('{"\\u0065vent":"e\\u0063ho","data":1,"cid":70}');
    assert.strictEqual((await raw.answer(70)).data, 1);
    raw.sendText('{"event":"#subscribe","data":{"ch\\u0061nnel":"\\u0072oom\\n\\"\\ud83d\\ude00"},"cid":71}');
    await raw.answer(71);
    assert.deepStrictEqual((await raw.ask('dump')).subs, ['room\n"😀']);
    await raw.publish('room\n"😀', 5);
    assert.strictEqual(await raw.message('room\n"😀'), 5);
  });

  test('any text is a channel, also those that JavaScript objects have', async (t) => {
    const raw = await connect(t, cluster);
    for (const channel of ['', '__proto__', 'constructor', 'hasOwnProperty', ' ', 'a'.repeat(1000), 'ä😀', '\u0001']) {
      assert.strictEqual((await raw.subscribe(channel)).error, undefined);
      await raw.publish(channel, channel);
      assert.strictEqual(await raw.message(channel), channel);
    }
  });

  test('a channel name over the limit is refused and the connection lives', async (t) => {
    const raw = await connect(t, cluster);
    assert.strictEqual((await raw.subscribe('x'.repeat(4096))).error, undefined);
    assert.notStrictEqual((await raw.subscribe('x'.repeat(4097))).error, undefined);
    assert.notStrictEqual((await raw.publish('x'.repeat(4097), 1)).error, undefined);
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });

  test('a publication without cid is not answered, one to a channel without subscribers is', async (t) => {
    const raw = await connect(t, cluster);
    raw.send({ event: '#publish', data: { channel: 'nobody', data: 1 } });
    assert.deepStrictEqual(await raw.publish('nobody', 2), { rid: raw.cid });
    const texts = raw.inbox.all.filter((item) => item.frame === 'text' && item.payload.startsWith('{"rid"'));
    assert.strictEqual(texts.length, 2);
  });

  test('a token is signed with iat and exp, and lives as long as it was told to', async (t) => {
    const raw = await connect(t, cluster);
    const issued = async (data) => {
      await raw.ask('trace:setAuthToken', data);
      return verify((await raw.event('#setAuthToken')).data.token);
    };
    const usual = await issued({ claims: { username: 'a' } });
    assert.deepStrictEqual(usual.header, { alg: 'HS256', typ: 'JWT' });
    assert.deepStrictEqual(Object.keys(usual.claims).sort(), ['exp', 'iat', 'username']);
    assert.strictEqual(usual.claims.exp - usual.claims.iat, 86400);
    const short = await issued({ claims: { username: 'a' }, expiresIn: 60 });
    assert.strictEqual(short.claims.exp - short.claims.iat, 60);
    const own = await issued({ claims: { exp: FAR_S } });
    assert.strictEqual(own.claims.exp, FAR_S);
  });

  test('a client that says #disconnect is closed with its code, a forbidden one is made harmless', async (t) => {
    for (const [data, code] of [[{ code: 4100, data: 'x' }, 4100], [{ code: 1005 }, 1000], [{ code: 70000 }, 1000], [undefined, 1000]]) {
      const raw = await connect(t, cluster);
      raw.send({ event: '#disconnect', data });
      assert.strictEqual((await raw.closed()).code, code);
      await raw.eof();
    }
  });

  test('an event with cid in the server has an answer, at most one, and the late ones are ignored', async (t) => {
    const raw = await connect(t, cluster);
    raw.send({ event: 'trace:emit', data: { event: 'ask', data: 1, timeout: 5000 }, cid: 80 });
    const packet = await raw.event('ask');
    assert.strictEqual(packet.data, 1);
    raw.sendText(`{"rid":${packet.cid},"data":[2]}`);
    raw.sendText(`{"rid":${packet.cid},"data":[3]}`);
    assert.deepStrictEqual((await raw.answer(80)).data, [2]);
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });

  test('a call that waits for a client which goes is ended', async (t) => {
    const raw = await connect(t, cluster);
    raw.send({ event: 'trace:emit', data: { event: 'ask', timeout: 60000 }, cid: 81 });
    await raw.event('ask');
    raw.destroy();
    const other = await connect(t, cluster);
    assert.strictEqual(await other.ask('echo', 1), 1);
  });

  test('without allowClientPublish clients get an error, the server still publishes', async (t) => {
    const quiet = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { allowClientPublish: false } });
    const raw = await connect(t, quiet);
    await raw.subscribe('room');
    const { error } = await raw.publish('room', 1);
    assert.deepStrictEqual(error, { message: 'Client publish feature is disabled', name: 'InvalidActionError' });
    await raw.ask('trace:publish', { channel: 'room', data: 2 });
    assert.strictEqual(await raw.message('room'), 2);
    assert.deepStrictEqual(raw.messages('room'), [2]);
  });
});

describe('middleware that answers later', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({
      plugins: [{ test: 'trace_app' }, { test: 'slow_middleware', options: { delayMs: 200 } }],
      options: { pingInterval: 60000, pingTimeout: 120000, maxPendingPackets: 50 },
    });
  });
  after(() => cluster.stop());

  const texts = (raw) => raw.inbox.all.filter((item) => item.frame === 'text' && item.payload[0] === '{')
    .map((item) => JSON.parse(item.payload));

  test('keeps the packets of its socket in order', async (t) => {
    const raw = await connect(t, cluster);
    raw.send({ event: '#subscribe', data: { channel: 'slow-a' }, cid: 10 });
    raw.send({ event: '#publish', data: { channel: 'slow-a', data: 1 }, cid: 11 });
    raw.send({ event: 'echo', data: 'x', cid: 12 });
    raw.send({ event: '#unsubscribe', data: 'slow-a', cid: 13 });
    raw.send({ event: '#publish', data: { channel: 'slow-a', data: 2 }, cid: 14 });
    raw.send({ event: 'slow', data: 'y', cid: 15 });
    raw.send({ event: '#subscribe', data: { channel: 'slow-a' }, cid: 16 });
    await raw.answer(16);
    const seen = texts(raw).slice(1).map((packet) => packet.rid || packet.data.data);
    const acks = [11, 14]; // wait for the broker, nobody waits for them
    assert.deepStrictEqual(seen.filter((item) => item >= 10 && !acks.includes(item)), [10, 12, 13, 15, 16]);
    assert.ok(!seen.includes(2));
  });

  test('holds up no other socket', async (t) => {
    const slow = await connect(t, cluster);
    const quick = await connect(t, cluster);
    slow.send({ event: 'slow', data: 1, cid: 20 });
    const order = [];
    await Promise.all([
      slow.answer(20).then(() => order.push('slow')),
      quick.ask('echo', 1).then(() => order.push('quick')),
    ]);
    assert.deepStrictEqual(order, ['quick', 'slow']);
  });

  test('can block, with its error or silently', async (t) => {
    const raw = await connect(t, cluster);
    assert.deepStrictEqual((await raw.subscribe('slow-block')).error, { message: 'blocked after a while', name: 'SlowError' });
    assert.strictEqual((await raw.subscribe('slow-silent')).error.name, 'SilentMiddlewareBlockedError');
    assert.deepStrictEqual((await raw.publish('slow-block', 1)).error, { message: 'blocked after a while', name: 'SlowError' });
    assert.strictEqual((await raw.call('slow-block', 1)).error.name, 'SlowError');
    assert.deepStrictEqual((await raw.ask('dump')).subs, []);
  });

  test('can hold a handshake, an upgrade and a token', async (t) => {
    const raw = await open(t, cluster, { path: '/socketcluster/?slow' });
    raw.send({ event: '#handshake', data: { authToken: sign({ username: 'a', exp: FAR_S }) }, cid: 30 });
    raw.send({ event: 'echo', data: 'after', cid: 31 });
    assert.strictEqual((await raw.answer(30)).data.isAuthenticated, true);
    assert.strictEqual((await raw.answer(31)).data, 'after');
  });

  test('may continue when its client has gone', async (t) => {
    for (let i = 0; i < 10; i++) {
      const raw = await RawSocket.connect(cluster.port);
      raw.send({ event: '#subscribe', data: { channel: 'slow-gone' }, cid: 40 });
      raw.send({ event: 'slow', data: 1, cid: 41 });
      raw.destroy();
    }
    const raw = await connect(t, cluster);
    assert.strictEqual(await raw.ask('slow', 5), 5);
  });

  test('loses no packet when more wait than maxPendingPackets, and none when a client goes meanwhile', async (t) => {
    const raw = await connect(t, cluster);
    const gone = await connect(t, cluster);
    for (const each of [raw, gone]) for (let i = 0; i < 60; i++) each.send({ event: i === 0 ? 'slow' : 'echo', data: i, cid: 100 + i });
    gone.destroy();
    await raw.answer(159);
    assert.deepStrictEqual(texts(raw).slice(1).map((packet) => packet.data), [...Array(60).keys()]);
  });

  test('sends a message that publishOut let through later, after those that did not wait', async (t) => {
    const raw = await connect(t, cluster);
    await raw.subscribe('slow-out');
    await raw.subscribe('quick-out');
    raw.send({ event: 'trace:publish', data: { channel: 'slow-out', data: 1 } });
    raw.send({ event: 'trace:publish', data: { channel: 'quick-out', data: 2 } });
    await raw.message('slow-out');
    assert.deepStrictEqual(texts(raw).filter((packet) => packet.event === '#publish').map((packet) => packet.data.data), [2, 1]);
  });
});

describe('keys', () => {
  const crypto = require('node:crypto');
  const fs = require('node:fs');
  const path = require('node:path');
  const { temporaryDir } = require('./support/cluster');

  function keyPair(t, type, options) {
    const dir = temporaryDir();
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const { privateKey, publicKey } = crypto.generateKeyPairSync(type, {
      ...options,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const files = { private: path.join(dir, 'private.pem'), public: path.join(dir, 'public.pem') };
    fs.writeFileSync(files.private, privateKey);
    fs.writeFileSync(files.public, publicKey);
    return { files, privateKey, publicKey };
  }

  function signWithKey(claims, alg, privateKey) {
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
    const options = alg.startsWith('ES') ? { key: privateKey, dsaEncoding: 'ieee-p1363' } : privateKey;
    return `${text}.${crypto.sign('sha256', Buffer.from(text), options).toString('base64url')}`;
  }

  for (const [alg, type, options] of [['RS256', 'rsa', { modulusLength: 2048 }], ['ES256', 'ec', { namedCurve: 'P-256' }]]) {
    test(`a key pair signs and takes ${alg}, and no HMAC made with its public key`, async (t) => {
      const pair = keyPair(t, type, options);
      const cluster = await Cluster.of(t, {
        workers: 2,
        plugins: [{ test: 'trace_app' }],
        options: { authKey: undefined, authPrivateKeyFile: pair.files.private, authPublicKeyFile: pair.files.public },
      });
      const raw = await connect(t, cluster);
      await raw.ask('login', { username: 'ada' });
      const { token } = (await raw.event('#setAuthToken')).data;
      assert.strictEqual(JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).alg, alg);
      assert.strictEqual((await (await open(t, cluster)).handshake(token)).data.isAuthenticated, true);
      const own = signWithKey({ username: 'x', exp: FAR_S }, alg, pair.privateKey);
      assert.strictEqual((await (await open(t, cluster)).handshake(own)).data.isAuthenticated, true);
      const forged = sign({ username: 'x', exp: FAR_S }, { key: pair.publicKey });
      const { data } = await (await open(t, cluster)).handshake(forged);
      assert.strictEqual(data.isAuthenticated, false);
      assert.strictEqual(data.authError.message, 'invalid algorithm');
    });
  }

  test('without a key one is made, the same in all workers', async (t) => {
    const cluster = await Cluster.of(t, {
      workers: 2, plugins: [{ test: 'trace_app' }, { test: 'whoami' }], options: { authKey: undefined },
    });
    const first = await cluster.connectOn(0);
    await first.ask('login', { username: 'ada' });
    const { token } = (await first.event('#setAuthToken')).data;
    const second = await cluster.connectOn(1, { authToken: token });
    assert.strictEqual(second.handshakeAnswer.data.isAuthenticated, true);
    await cluster.killAndReplace('sc-worker-1');
    const third = await cluster.connectOn(1, { authToken: token });
    assert.strictEqual(third.handshakeAnswer.data.isAuthenticated, true);
    for (const raw of [first, second, third]) raw.destroy();
  });
});
