'use strict';
// Tokens of all algorithms, in both directions between sc-cluster and the package jsonwebtoken; several keys; what forgers try;
// refresh and expiry on a live connection (docs/protocol.md, "Tokens (JWT)").

const assert = require('node:assert');
const crypto = require('node:crypto');
const { before, after, describe, test } = require('node:test');
const jwt = require('jsonwebtoken');
const { Client, VERSIONS } = require('./support/clients');
const { Cluster, run } = require('./support/cluster');
const { ALGORITHMS, KEYS, KeyFolder, issue, mainKey, pair, secret } = require('./support/keys');
const { changesOf, member, settle, start: startPresence, watcher } = require('./support/presence');
const { RawSocket } = require('./support/raw');
const { nowS, sign } = require('./support/token');
const { until } = require('./support/wait');

const PLUGINS = [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'probe' }];
const CALM = { pingInterval: 60000, pingTimeout: 120000 };
const FAR_S = nowS() + 86400;
// Late enough for what a test does before, on a busy machine with sanitizers.
const soonS = () => nowS() + 4;
const EVERY = Object.entries(ALGORITHMS).flatMap(([kind, list]) => list.map((algorithm) => [kind, algorithm]));

function start(t, options, settings = {}) {
  return Cluster.of(t, { plugins: PLUGINS, ...settings, options: { ...CALM, ...options } });
}

async function connect(t, cluster, options) {
  const raw = await RawSocket.connect(cluster.port, options);
  t.after(() => raw.destroy());
  return raw;
}

// The error that a token gets, or null.
async function errorOf(raw, token) {
  return (await raw.call('#authenticate', token)).error || null;
}

async function assertTaken(raw, token, username = 'bob') {
  assert.strictEqual(await errorOf(raw, token), null);
  assert.strictEqual((await raw.ask('dump')).auth.username, username);
}

async function assertRefused(raw, token, message, name = 'AuthTokenInvalidError') {
  const error = await errorOf(raw, token);
  assert.deepStrictEqual(error && [error.name, error.message], [name, message]);
  assert.strictEqual((await raw.ask('dump')).auth, null);
}

describe('a cluster with keys of all kinds', () => {
  let cluster, folder;
  const cleanups = [];

  before(async () => {
    folder = new KeyFolder({ after: (clean) => cleanups.push(clean) });
    const files = ['RSA', 'P256', 'P384', 'P521'].map((kind) => folder.write(kind, KEYS[kind].publicKey));
    cluster = await Cluster.start({ plugins: PLUGINS, options: { ...CALM, ...mainKey('HS'), authVerifyKeyFiles: files } });
  });
  after(async () => {
    await cluster.stop();
    cleanups.forEach((clean) => clean());
  });

  for (const version of VERSIONS) {
    test(`takes tokens of each algorithm from client ${version.name}`, async (t) => {
      const client = await Client.of(t, version.name, cluster.port);
      for (const [kind, algorithm] of EVERY) {
        const username = `${algorithm} user`;
        await client.authenticate(issue(kind, algorithm, { username }, { expiresIn: 3600 }));
        assert.strictEqual((await client.call('dump')).auth.username, username);
        assert.strictEqual(client.claims.username, username);
      }
    });
  }

  test('takes a token of each algorithm in the handshake', async (t) => {
    for (const [kind, algorithm] of EVERY) {
      const raw = await connect(t, cluster, { authToken: issue(kind, algorithm, { username: 'bob' }) });
      assert.strictEqual(raw.handshakeAnswer.data.isAuthenticated, true, algorithm);
    }
  });

  test('refuses signatures of other keys of each kind', async (t) => {
    const raw = await connect(t, cluster);
    const others = {
      HS: secret(),
      RSA: pair('rsa', { modulusLength: 2048 }),
      P256: pair('ec', { namedCurve: 'P-256' }),
      P384: pair('ec', { namedCurve: 'P-384' }),
      P521: pair('ec', { namedCurve: 'P-521' }),
    };
    for (const [kind, algorithm] of EVERY)
      await assertRefused(raw, issue(kind, algorithm, { username: 'eve' }, {}, others[kind]), 'invalid signature');
  });

  test('refuses what was signed with other claims or another header', async (t) => {
    const raw = await connect(t, cluster);
    for (const [kind, algorithm] of EVERY) {
      const [head, , signature] = issue(kind, algorithm, { username: 'bob' }).split('.');
      const [otherHead, body] = issue(kind, algorithm, { username: 'eve' }, { keyid: 'x' }).split('.');
      await assertRefused(raw, `${head}.${body}.${signature}`, 'invalid signature');
      await assertRefused(raw, `${otherHead}.${body}.${signature}`, 'invalid signature');
    }
  });

  test('refuses the algorithm none, however it is written', async (t) => {
    const raw = await connect(t, cluster);
    for (const alg of ['none', 'None', 'NONE', '', null, 0, ['HS256'], 'HS256 ', 'hs256', 'HS1', 'dir', undefined]) {
      await assertRefused(raw, sign({ username: 'eve' }, { key: KEYS.HS.privateKey, header: { alg } }), 'invalid algorithm');
      const unsigned = sign({ username: 'eve' }, { header: { alg } }).split('.').slice(0, 2).join('.');
      await assertRefused(raw, `${unsigned}.`, 'jwt signature is required');
      await assertRefused(raw, unsigned, 'jwt malformed');
    }
  });

  test('refuses an HMAC with a public key as secret, in each of its forms', async (t) => {
    const raw = await connect(t, cluster);
    const key = crypto.createPublicKey(KEYS.RSA.publicKey);
    const forms = [
      KEYS.RSA.publicKey,
      KEYS.RSA.publicKey.trim(),
      KEYS.P256.publicKey,
      key.export({ type: 'pkcs1', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.export({ format: 'jwk' })),
      '',
    ];
    for (const form of forms) {
      for (const alg of ALGORITHMS.HS)
        await assertRefused(raw, sign({ username: 'eve' }, { alg, key: form }), 'invalid signature');
      for (const alg of ['RS256', 'PS256', 'ES256'])
        await assertRefused(raw, sign({ username: 'eve' }, { key: form, header: { alg } }), 'invalid signature');
    }
  });

  test('heeds no kid that no key has, and reads no file for it', async (t) => {
    const raw = await connect(t, cluster);
    const kids = ['../../../../../../dev/null', '/proc/sys/kernel/randomize_va_space', folder.dir, 'a\nb', '\u0001', '', "' OR 1=1 --",
      'k'.repeat(40000), 7, null, {}, [], true];
    for (const kid of kids) {
      const good = sign({ username: 'bob' }, { key: KEYS.HS.privateKey, header: { kid } });
      const empty = sign({ username: 'eve' }, { key: '', header: { kid } });
      await assertTaken(raw, good);
      await assertRefused(raw, empty, 'invalid signature');
    }
    const huge = sign({ username: 'bob' }, { key: KEYS.HS.privateKey, header: { kid: 'k'.repeat(60000) } });
    await assertRefused(raw, huge, 'invalid token');
  });

  test('heeds no key that a header brings along', async (t) => {
    const raw = await connect(t, cluster);
    const own = pair('rsa', { modulusLength: 2048 });
    const jwk = crypto.createPublicKey(own.publicKey).export({ format: 'jwk' });
    for (const header of [{ jwk }, { jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/' }, { x5c: ['AAAA'] }])
      await assertRefused(raw, jwt.sign({ username: 'eve' }, own.privateKey, { algorithm: 'RS256', header }), 'invalid signature');
  });

  test('verifies and signs for plugins without a client', async (t) => {
    const raw = await connect(t, cluster);
    const token = await raw.ask('probe:sign', { claims: { username: 'bob' }, expiresIn: 60, algorithm: 'HS384' });
    const claims = jwt.verify(token, KEYS.HS.privateKey, { algorithms: ['HS384'] });
    assert.deepStrictEqual([claims.username, claims.exp - claims.iat], ['bob', 60]);
    assert.deepStrictEqual(await raw.ask('probe:verify', token), claims);
    assert.strictEqual((await raw.ask('dump')).auth, null);
    await assert.rejects(raw.ask('probe:verify', `${token}A`), ({ answer }) => {
      assert.deepStrictEqual(answer.error, { message: 'invalid signature', name: 'AuthTokenInvalidError', isBadToken: true });
      return true;
    });
    await assert.rejects(raw.ask('probe:sign', { claims: [1] }), { message: 'SC_ERR_INVALID' });
    await assert.rejects(raw.ask('probe:sign', { claims: {}, algorithm: 'RS256' }), { message: 'SC_ERR_INVALID' });
  });

  test('signs with the algorithm that a plugin chooses, and closes with 4002 where it does not fit', async (t) => {
    const raw = await connect(t, cluster);
    await raw.ask('probe:setToken', { claims: { username: 'bob' }, algorithm: 'HS512' });
    const { token } = (await raw.event('#setAuthToken')).data;
    assert.strictEqual(jwt.verify(token, KEYS.HS.privateKey, { algorithms: ['HS512'] }).username, 'bob');
    await raw.ask('probe:setTokenAsBefore', { username: 'ada' });
    const older = (await raw.event('#setAuthToken')).data.token;
    const claims = jwt.verify(older, KEYS.HS.privateKey, { algorithms: ['HS256'] });
    assert.deepStrictEqual([claims.username, claims.exp - claims.iat], ['ada', 60]);
    raw.send({ event: 'probe:setToken', data: { claims: {}, algorithm: 'none' } });
    assert.strictEqual((await raw.closed()).code, 4002);
  });
});

describe('what a cluster signs', () => {
  for (const [kind, algorithms] of Object.entries(ALGORITHMS)) {
    test(`with a key of the kind ${kind} is verified by jsonwebtoken and by itself, and carries the kid`, async (t) => {
      const cluster = await start(t, { ...mainKey(kind), authKeyId: 'key-1' });
      const raw = await connect(t, cluster);
      for (const algorithm of [undefined, ...algorithms]) {
        const token = await raw.ask('probe:sign', { claims: { username: 'bob' }, algorithm });
        const decoded = jwt.verify(token, KEYS[kind].publicKey, { algorithms: [algorithm || algorithms[0]], complete: true });
        assert.deepStrictEqual(decoded.header, { alg: algorithm || algorithms[0], kid: 'key-1', typ: 'JWT' });
        assert.strictEqual(decoded.payload.username, 'bob');
        await assertTaken(raw, token);
      }
    });
  }

  test('with authAlgorithm is of that one, and no other is accepted', async (t) => {
    const cluster = await start(t, { ...mainKey('RSA'), authAlgorithm: 'PS384' });
    const raw = await connect(t, cluster);
    await raw.ask('login', { username: 'bob' });
    const { token } = (await raw.event('#setAuthToken')).data;
    assert.strictEqual(jwt.verify(token, KEYS.RSA.publicKey, { algorithms: ['PS384'] }).username, 'bob');
    for (const algorithm of ALGORITHMS.RSA.filter((name) => name !== 'PS384'))
      await assertRefused(raw, issue('RSA', algorithm, { username: 'eve' }), 'invalid algorithm');
    await assertTaken(raw, token);
  });

  test('is of the first of authVerifyAlgorithms, which alone are accepted', async (t) => {
    const cluster = await start(t, { ...mainKey('RSA'), authVerifyAlgorithms: ['RS512', 'PS256'] });
    const raw = await connect(t, cluster);
    await assertTaken(raw, issue('RSA', 'RS512', { username: 'bob' }));
    await assertTaken(raw, issue('RSA', 'PS256', { username: 'bob' }));
    await assertRefused(raw, issue('RSA', 'RS256', { username: 'eve' }), 'invalid algorithm');
    assert.strictEqual(jwt.decode(await raw.ask('probe:sign', { claims: {} }), { complete: true }).header.alg, 'RS512');
  });

  test('is nothing where there are only keys that verify', async (t) => {
    const folder = new KeyFolder(t);
    const cluster = await start(t, { authKey: null, authVerifyKeyFiles: [folder.write('key', KEYS.P256.publicKey)] });
    const raw = await connect(t, cluster);
    await assertTaken(raw, issue('P256', 'ES256', { username: 'bob' }));
    raw.send({ event: 'login', data: { username: 'bob' } });
    assert.strictEqual((await raw.closed()).code, 4002);
  });
});

test('a key is replaced step by step, and no client loses its token but those of the key that is gone', async (t) => {
  const folder = new KeyFolder(t);
  const keys = [secret(), secret()];
  const files = keys.map((key, i) => folder.write(`key-${i + 1}`, `${key.privateKey}\n`));
  const steps = [
    { authKeyId: '1', authKeyFile: files[0] },
    { authKeyId: '1', authKeyFile: files[0], authVerifyKeyFiles: [`2=${files[1]}`] },
    { authKeyId: '2', authKeyFile: files[1], authVerifyKeyFiles: [`1=${files[0]}`] },
    { authKeyId: '2', authKeyFile: files[1] },
  ];
  const tokens = [];
  const takes = [[true], [true, true], [true, true, true], [false, false, true, true]];

  for (const [step, options] of steps.entries()) {
    const cluster = await Cluster.start({ plugins: PLUGINS, options: { ...CALM, ...options, authKey: undefined } });
    try {
      const raw = await RawSocket.connect(cluster.port);
      tokens.push(await raw.ask('probe:sign', { claims: { username: `user of step ${step}` } }));
      assert.strictEqual(jwt.decode(tokens[step], { complete: true }).header.kid, options.authKeyId);
      for (const [i, token] of tokens.entries()) {
        const error = await errorOf(raw, token);
        assert.strictEqual(error && error.message, takes[step][i] ? null : 'invalid signature', `token ${i} in step ${step}`);
      }
      raw.destroy();
    } finally {
      await cluster.stop();
    }
  }
});

test('keys of a JWKS verify, each what its kid and its alg say', async (t) => {
  const folder = new KeyFolder(t);
  const jwk = (kind, more) => ({ ...crypto.createPublicKey(KEYS[kind].publicKey).export({ format: 'jwk' }), ...more });
  const set = {
    keys: [
      jwk('RSA', { kid: 'r', alg: 'PS256', use: 'sig' }),
      jwk('P256', { kid: 'e' }),
      jwk('P384', { use: 'enc' }),
      jwk('P521'),
      { kty: 'oct', k: Buffer.from(KEYS.HS.privateKey).toString('base64url'), kid: 'h' },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA' },
    ],
  };
  const cluster = await start(t, { authVerifyKeyFiles: [folder.write('keys.json', JSON.stringify(set, null, 2))] });
  const raw = await connect(t, cluster);

  await assertTaken(raw, issue('RSA', 'PS256', { username: 'bob' }, { keyid: 'r' }));
  await assertTaken(raw, issue('P256', 'ES256', { username: 'bob' }, { keyid: 'e' }));
  await assertTaken(raw, issue('P521', 'ES512', { username: 'bob' }));
  await assertTaken(raw, issue('HS', 'HS256', { username: 'bob' }, { keyid: 'h' }));
  await assertTaken(raw, sign({ username: 'bob' }));
  await assertRefused(raw, issue('RSA', 'RS256', { username: 'eve' }, { keyid: 'r' }), 'invalid algorithm');
  await assertRefused(raw, issue('RSA', 'PS256', { username: 'eve' }), 'invalid algorithm');
  await assertRefused(raw, issue('P384', 'ES384', { username: 'eve' }), 'invalid algorithm');
  await assertRefused(raw, issue('HS', 'HS256', { username: 'eve' }, { keyid: 'e' }), 'invalid algorithm');
  await assertRefused(raw, issue('HS', 'HS256', { username: 'eve' }), 'invalid signature');
});

test('options that can not be right stop the start with a line that names them', async (t) => {
  const folder = new KeyFolder(t);
  const good = folder.write('rsa', KEYS.RSA.publicKey);
  const short = folder.write('short', pair('rsa', { modulusLength: 1024 }).publicKey);
  const curve = folder.write('curve', pair('ec', { namedCurve: 'secp256k1' }).publicKey);
  const privateFile = folder.write('private', KEYS.RSA.privateKey);
  const secretFile = folder.write('secret', KEYS.HS.privateKey);
  const broken = folder.write('broken', '{"keys":[');
  const long = 'k'.repeat(129);
  const cases = [
    [['--auth-verify-algorithms', 'none'], /authVerifyAlgorithms: there is no algorithm none/],
    [['--auth-verify-algorithms', 'RS256'], /authVerifyAlgorithms: RS256 does not fit any key/],
    [['--auth-verify-algorithms', 'HS256', '--auth-algorithm', 'HS512'], /authAlgorithm: HS512 is not in authVerifyAlgorithms/],
    [['--auth-public-key-file', good, '--auth-algorithm', 'HS256'], /authAlgorithm: HS256 does not fit the key/],
    [['--auth-algorithm', 'none'], /option --auth-algorithm is none: not one of/],
    [['--auth-verify-key-files', `${secretFile},${good}`, '--auth-verify-algorithms', 'RS256'],
      new RegExp(`authVerifyAlgorithms rules out authVerifyKeyFiles: ${secretFile}, which is for HS256`)],
    [['--auth-verify-key-files', short], new RegExp(`authVerifyKeyFiles: ${short}: an RSA key of 1024 bits`)],
    [['--auth-public-key-file', short], /authPublicKey: an RSA key of 1024 bits/],
    [['--auth-verify-key-files', curve], new RegExp(`authVerifyKeyFiles: ${curve}: neither RSA nor of the curves`)],
    [['--auth-verify-key-files', privateFile], new RegExp(`authVerifyKeyFiles: ${privateFile}: not a PEM public key`)],
    [['--auth-verify-key-files', `a=${broken}`], /authVerifyKeyFiles: .*names its keys itself/],
    [['--auth-verify-key-files', broken], /authVerifyKeyFiles: .*begins with { but is not JSON/],
    [['--auth-verify-key-files', `${folder.dir}/none`], /option authVerifyKeyFiles: can't read .*No such file/],
    [['--auth-verify-key-files', `${long}=${secretFile}`], /option authVerifyKeyFiles: a kid of more than 128 bytes/],
    [['--auth-key-id', long], /option --auth-key-id/],
  ];
  for (const [flags, pattern] of cases) {
    const checked = await run(['--check', ...flags]);
    assert.strictEqual(checked.code, 1, flags.join(' '));
    assert.match(checked.stderr, pattern);
  }
  const started = await run(['--port', '0', '--auth-verify-algorithms', 'RS256']);
  assert.strictEqual(started.code, 1);
  assert.strictEqual(started.stderr.match(/RS256 does not fit any key/g).length, 1, started.stderr);
});

// ---- On a live connection --------------------------------------------------------------------------------------------

// Side by side: most of them wait for a token to run out.
describe('a token on a live connection', { concurrency: true }, () => {
  let cluster, observer;
  const own = [];

  before(async () => {
    cluster = await Cluster.start({ plugins: PLUGINS, options: { ...CALM, endSubscriptionsOnExpiry: true } });
    observer = await RawSocket.connect(cluster.port);
  });
  after(async () => {
    observer.destroy();
    await cluster.stop();
  });

  // The events of a socket, until one of that type has come.
  async function eventsOf(id, last) {
    await until(`the event ${last}`, async () => {
      own.push(...(await observer.ask('probe:events')));
      return own.some((event) => event.id === id && event.type === last);
    });
    return own.filter((event) => event.id === id);
  }

  async function loggedIn(t, claims, channels = []) {
    const raw = await connect(t, cluster, { authToken: sign(claims) });
    assert.strictEqual(raw.handshakeAnswer.data.isAuthenticated, true);
    for (const channel of channels) await raw.ask('#subscribe', { channel });
    return raw;
  }

  function wasDeauthenticated(raw) {
    return raw.event('#removeAuthToken');
  }

  for (const version of VERSIONS) {
    test(`ends what client ${version.name} subscribed to with it, and nothing else, when it runs out`, async (t) => {
      const client = await Client.of(t, version.name, cluster.port);
      const [open, room] = [`open-${version.name}`, `room-${version.name}`];
      const inbox = client.messages(open);
      const secrets = client.messages(room);
      await client.subscribe(open);
      await client.authenticate(sign({ username: 'ada', exp: soonS() }));
      await client.subscribe(room);
      const kicked = await client.event('kickOut');
      assert.deepStrictEqual([kicked.channel, kicked.message], [room, 'The socket auth token has expired']);
      await client.until('the end of the token', () => !client.isAuthenticated);
      assert.strictEqual(client.isSubscribed(room), false);
      assert.strictEqual(client.isSubscribed(open), true);
      assert.deepStrictEqual((await client.call('dump')).subs, [open]);
      await observer.publish(room, 'not for strangers');
      await observer.publish(open, 'for all');
      assert.strictEqual(await client.message(open), 'for all');
      assert.deepStrictEqual([inbox.all, secrets.all], [['for all'], []]);
      await client.authenticate(sign({ username: 'ada', exp: FAR_S }));
      await client.subscribe(room);
      await observer.publish(room, 'again');
      assert.strictEqual(await client.message(room), 'again');
    });
  }

  test('tells the client first, then listeners: of subscriptions with the token, then of its end', async (t) => {
    const raw = await loggedIn(t, { username: 'ada', exp: soonS() }, ['a', 'b']);
    const events = await eventsOf(raw.id, 'deauthentication');
    const seen = events.map(({ type, channel, oldToken, reason }) => [type, channel, oldToken && oldToken.username, reason]);
    assert.deepStrictEqual(seen.slice(4).map(([type]) => type), ['unsubscription', 'unsubscription', 'deauthentication']);
    assert.deepStrictEqual(seen[6], ['deauthentication', null, 'ada', 'expired']);
    await raw.fence();
    const packets = raw.inbox.all.filter(({ frame, payload }) => frame === 'text' && payload[0] === '{').map(({ payload }) => JSON.parse(payload).event);
    assert.deepStrictEqual(packets.filter(Boolean), ['#removeAuthToken', '#kickOut', '#kickOut']);
  });

  test('is replaced by #authenticate: one event with both, no deauthentication, and the new end counts', async (t) => {
    const exp = soonS();
    const other = await loggedIn(t, { username: 'eve', exp }, ['elsewhere']);
    const raw = await loggedIn(t, { username: 'ada', exp, n: 1 }, ['room']);
    await assertTaken(raw, sign({ username: 'ada', exp: FAR_S, n: 2 }), 'ada');
    await wasDeauthenticated(other);
    await raw.fence();
    assert.strictEqual((await raw.ask('dump')).auth.n, 2);
    assert.deepStrictEqual((await raw.ask('dump')).subs, ['room']);
    const events = await eventsOf(raw.id, 'authentication');
    const told = events.filter(({ type }) => /authentication/.test(type)).map(({ type, token, oldToken }) => [type, token.n, oldToken && oldToken.n]);
    assert.deepStrictEqual(told, [['authentication', 1, null], ['authentication', 2, 1]]);
    assert.ok(!raw.inbox.all.some(({ payload }) => /removeAuthToken|kickOut/.test(payload)));
  });

  test('is replaced by one that ends sooner, and then that end counts', async (t) => {
    const raw = await loggedIn(t, { username: 'ada', exp: FAR_S }, ['room']);
    await assertTaken(raw, sign({ username: 'ada', exp: soonS() }), 'ada');
    await wasDeauthenticated(raw);
    assert.strictEqual((await raw.event('#kickOut')).data.channel, 'room');
  });

  test('without an end, or with one that no timer reaches, stays', async (t) => {
    const exp = soonS();
    const sockets = [];
    for (const claims of [{}, { exp: 1e300 }, { exp: Number.MAX_SAFE_INTEGER }, { exp: 4102444800.75 }])
      sockets.push(await loggedIn(t, { username: 'ada', ...claims }, ['room']));
    await wasDeauthenticated(await loggedIn(t, { username: 'eve', exp }));
    for (const raw of sockets) {
      const { auth, subs } = await raw.ask('dump');
      assert.deepStrictEqual([auth.username, subs], ['ada', ['room']]);
    }
  });

  test('with a fraction of a second ends too, and one that the server gives with a past end at once', async (t) => {
    const raw = await loggedIn(t, { username: 'ada', exp: nowS() + 3.5 }, ['room']);
    await raw.event('#kickOut');
    for (const exp of [0, -7.5, 1000000000]) {
      const { data } = await raw.call('probe:setToken', { claims: { username: 'ada', exp } });
      assert.strictEqual(data, undefined);
      await raw.event('#setAuthToken');
      await wasDeauthenticated(raw);
    }
  });

  test('that was taken away leaves its subscriptions, which then no end concerns', async (t) => {
    const exp = soonS();
    const other = await loggedIn(t, { username: 'eve', exp });
    const raw = await loggedIn(t, { username: 'ada', exp }, ['room']);
    await raw.ask('deauth');
    await wasDeauthenticated(other);
    assert.deepStrictEqual((await raw.ask('dump')).subs, ['room']);
    const events = await eventsOf(raw.id, 'deauthentication');
    assert.strictEqual(events.at(-1).reason, 'server');
  });

  test('that runs out while its channel was asked for again without it keeps that channel', async (t) => {
    const raw = await loggedIn(t, { username: 'ada', exp: FAR_S }, ['mine', 'granted']);
    raw.send({ event: '#removeAuthToken' });
    await raw.ask('#subscribe', { channel: 'granted' });
    await assertTaken(raw, sign({ username: 'ada', exp: soonS() }), 'ada');
    assert.strictEqual((await raw.event('#kickOut')).data.channel, 'mine');
    await wasDeauthenticated(raw);
    assert.deepStrictEqual((await raw.ask('dump')).subs, ['granted']);
    const events = await eventsOf(raw.id, 'deauthentication');
    assert.deepStrictEqual(events.filter(({ type }) => type === 'deauthentication').map(({ reason }) => reason), ['client', 'expired']);
  });

  const FAILURES = {
    'is malformed': ['garbage', 'AuthTokenInvalidError', 'jwt malformed', true],
    'is forged': [sign({ username: 'eve' }, { key: 'guessed' }), 'AuthTokenInvalidError', 'invalid signature', true],
    'has run out': [sign({ username: 'ada', exp: 1000000000 }), 'AuthTokenExpiredError', 'jwt expired', true],
    'is not active yet': [sign({ username: 'ada', nbf: FAR_S }), 'AuthTokenNotBeforeError', 'jwt not active', false],
    'is no string': [7, 'AuthTokenError', 'Invalid token format - Token must be a string', true],
  };
  for (const [what, [token, name, message, isBadToken]] of Object.entries(FAILURES)) {
    test(`is lost when the next one ${what}, and listeners are told why`, async (t) => {
      const raw = await loggedIn(t, { username: 'ada', exp: FAR_S }, ['room']);
      const answer = await raw.call('#authenticate', token);
      const error = answer.data.authError;
      assert.deepStrictEqual([error.name, error.message, error.isBadToken], [name, message, isBadToken]);
      assert.strictEqual((await raw.ask('dump')).auth, null);
      const events = await eventsOf(raw.id, 'badAuthToken');
      const [lost, bad] = events.slice(-2);
      assert.deepStrictEqual([lost.type, lost.oldToken.username, lost.reason], ['deauthentication', 'ada', 'refused']);
      assert.deepStrictEqual([bad.type, bad.reason, bad.data], ['badAuthToken', message, error]);
    });
  }
});

test('a subscription that middleware grants after the end of its token is refused', async (t) => {
  const options = { endSubscriptionsOnExpiry: true };
  const cluster = await start(t, options, { plugins: [...PLUGINS, { test: 'slow_middleware', options: { delayMs: 8000 } }] });
  const exp = soonS();
  const raw = await connect(t, cluster, { authToken: sign({ username: 'ada', exp }) });
  const anonymous = await connect(t, cluster);
  const [refused, granted] = await Promise.all([raw.subscribe('slow-room'), anonymous.subscribe('slow-room')]);

  assert.deepStrictEqual(refused.error, {
    message: 'The socket auth token has expired', name: 'AuthTokenExpiredError', expiry: exp,
  });
  assert.strictEqual(granted.error, undefined);
  assert.deepStrictEqual((await raw.ask('dump')).subs, []);
});

describe('a subscription that waits for its broker at the end of its token', () => {
  // Resolves when the token has run out, with the broker stopped meanwhile.
  async function whileStopped(cluster, act) {
    const broker = await cluster.broker(0);
    process.kill(broker, 'SIGSTOP');
    try {
      await act();
    } finally {
      process.kill(broker, 'SIGCONT');
    }
  }

  test('is over for every client, too', async (t) => {
    const cluster = await start(t, { endSubscriptionsOnExpiry: true });
    const clients = await Promise.all(VERSIONS.map(({ name }) => Client.of(t, name, cluster.port)));
    const other = await connect(t, cluster);
    await other.subscribe('other');
    const token = sign({ username: 'ada', exp: soonS() });
    await Promise.all(clients.map((client) => client.authenticate(token)));
    await whileStopped(cluster, async () => {
      for (const client of clients) client.subscribe('room').catch(() => {});
      for (const client of clients) {
        assert.strictEqual((await client.event('kickOut')).channel, 'room');
        assert.deepStrictEqual((await client.call('dump')).subs, []);
      }
    });
    const inboxes = clients.map((client) => client.messages('room'));
    await other.publish('room', 'not for strangers');
    for (const client of clients) {
      await client.call('echo', 1);
      assert.strictEqual(client.isSubscribed('room'), false, client.version.name);
    }
    assert.deepStrictEqual(inboxes.flatMap((inbox) => inbox.all), []);
  });

  test('is answered before its end is said', async (t) => {
    const cluster = await start(t, { endSubscriptionsOnExpiry: true });
    const raw = await connect(t, cluster, { authToken: sign({ username: 'ada', exp: soonS() }) });
    await whileStopped(cluster, async () => {
      raw.subscribe('room');
      await raw.event('#kickOut');
    });
    const seen = raw.inbox.all.map(({ payload }) => payload);
    const answer = seen.indexOf(`{"rid":${raw.cid}}`);
    assert.ok(answer >= 0 && answer < seen.findIndex((payload) => /kickOut/.test(payload)), seen.join(' '));
  });
});

test('without the option a token that runs out ends no subscription, and only a packet or a pong notices it', async (t) => {
  const cluster = await start(t, {});
  const exp = soonS();
  const raw = await connect(t, cluster, { authToken: sign({ username: 'ada', exp }) });
  await raw.subscribe('room');
  const other = await connect(t, cluster);
  await until('the end of the token', () => Date.now() > exp * 1000);
  await other.publish('room', 'one');
  assert.strictEqual(await raw.message('room'), 'one');
  assert.ok(!raw.inbox.all.some(({ payload }) => /removeAuthToken/.test(payload)));
  assert.deepStrictEqual(await raw.ask('dump'), { worker: 0, subs: ['room'], count: 1, auth: null });
  await raw.event('#removeAuthToken');
  await other.publish('room', 'two');
  assert.strictEqual(await raw.message('room'), 'two');
});

describe('presence', () => {
  test('stays while a user refreshes the token, and ends when it runs out', async (t) => {
    const cluster = await startPresence(t, { options: { endSubscriptionsOnExpiry: true } });
    const room = 'room';
    const watch = await watcher(t, cluster, 1, room);
    const ada = await member(t, cluster, 0, { username: 'ada', exp: FAR_S }, [room]);
    await watch.next('join', 'ada');
    for (let n = 0; n < 3; n++) await assertTaken(ada, sign({ username: 'ada', exp: FAR_S, n }), 'ada');
    await settle(t, cluster, 0, watch, room);
    assert.deepStrictEqual(changesOf(watch), ['+ada']);
    await assertTaken(ada, sign({ username: 'ada', exp: soonS() }), 'ada');
    await watch.next('leave', 'ada');
    await settle(t, cluster, 0, watch, room);
    assert.deepStrictEqual(changesOf(watch), ['+ada', '-ada']);
  });
});
