'use strict';
// TLS on the port: who may speak it and how, and what a cluster says that can't.

const assert = require('node:assert');
const fs = require('node:fs');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS, trackPresence } = require('./support/clients');
const { Cluster, run, temporaryDir } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { makeCertificate, makeExpired } = require('./support/tls');
const { sign, verify } = require('./support/token');
const { LIMIT_MS, until, within } = require('./support/wait');

const APP = [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'probe' }, { name: 'health_check' }];

function folder(t) {
  const dir = temporaryDir();
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// Resolves with the TLS socket once its handshake is done; rejects with its error.
function shakeHands(t, port, options = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  t.after(() => socket.destroy());
  return within('a TLS handshake', new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  }));
}

// Resolves with { status, body } of a GET.
function get(port, where, options = {}) {
  return within(`the answer to ${where}`, new Promise((resolve, reject) => {
    https.get({ port, host: '127.0.0.1', path: where, rejectUnauthorized: false, agent: false, ...options }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text) => {
        body += text;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    }).on('error', reject);
  }));
}

describe('over TLS', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ workers: 2, brokers: 2, tls: true, plugins: APP, options: { trustedProxies: '127.0.0.1' } });
  });
  after(() => cluster.stop());

  test('the line that begins with ready says so', () => assert.match(cluster.readyLine, /\(https, wss\)/));

  for (const { name } of VERSIONS) {
    test(`client ${name} logs in, subscribes, publishes and is told`, async (t) => {
      const options = { ...cluster.clientOptions };
      const client = await Client.of(t, name, cluster.port, options);
      const other = await Client.of(t, name, cluster.port, options);
      await client.login({ username: 'ada' });
      await client.until('the token', () => client.isAuthenticated);
      await other.subscribe('news');
      const heard = other.message('news');
      await client.publish('news', { text: 'x'.repeat(50000) });
      assert.strictEqual((await heard).text.length, 50000);
      assert.deepStrictEqual(await client.call('echo', { a: 'ä' }), { a: 'ä' });
    });
  }

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`a client of ${version} alone is served, a packet of a megabyte both ways`, async (t) => {
      const raw = await RawSocket.connect(cluster.port, { tls: { minVersion: version, maxVersion: version } });
      t.after(() => raw.destroy());
      assert.strictEqual(raw.socket.getProtocol(), version);
      assert.strictEqual((await raw.ask('echo', 'y'.repeat(1000000))).length, 1000000);
      raw.sendClose(1000, 'done');
      assert.strictEqual((await raw.inbox.next((item) => item.frame === 'close')).payload.code, 1000);
    });
  }

  test('a client of TLS 1.1 is refused', async (t) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await assert.rejects(shakeHands(t, cluster.port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    assert.strictEqual((await get(cluster.port, '/health-check')).body.trim(), 'OK');
  });

  test('http/1.1 is chosen of several protocols, and nothing else is accepted', async (t) => {
    const socket = await shakeHands(t, cluster.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.strictEqual(socket.alpnProtocol, 'http/1.1');
    await assert.rejects(shakeHands(t, cluster.port, { ALPNProtocols: ['h2'] }),
      { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  });

  test('a ticket of one worker is good at the other', async (t) => {
    const first = await cluster.connectOn(0, { tls: { maxVersion: 'TLSv1.2' } });
    t.after(() => first.destroy());
    const again = await cluster.connectOn(1, { tls: { maxVersion: 'TLSv1.2', session: first.socket.getSession() } });
    t.after(() => again.destroy());
    assert.strictEqual(again.socket.isSessionReused(), true);
  });

  test('a plugin serves requests', async () => {
    const answer = await get(cluster.port, '/health-check');
    assert.strictEqual(answer.status, 200);
    assert.strictEqual(answer.body.trim(), 'OK');
  });

  test('several requests go over one connection', async (t) => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (let i = 0; i < 5; i++) assert.strictEqual((await get(cluster.port, '/health-check', { agent })).status, 200);
  });

  test('a trusted proxy says whose connection it is', async (t) => {
    const raw = await RawSocket.connect(cluster.port, { tls: true, headers: { 'X-Forwarded-For': '192.0.2.7' } });
    t.after(() => raw.destroy());
    assert.strictEqual((await raw.ask('probe:origin')).address, '192.0.2.7');
  });

  test('HTTP in clear is answered in clear, and garbage not at all', async (t) => {
    const raw = await RawSocket.tcp(cluster.port);
    t.after(() => raw.destroy());
    raw.sendBytes('GET /health-check HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.strictEqual((await raw.readHead()).status, 400);
    const noise = net.connect({ port: cluster.port, host: '127.0.0.1' });
    noise.on('error', () => {});
    noise.resume();
    noise.write(Buffer.from('0102030405060708090a0b0c0d0e0f', 'hex'));
    await within('the end of a noisy connection', new Promise((resolve) => noise.once('close', resolve)));
    assert.strictEqual((await get(cluster.port, '/health-check')).status, 200);
  });
});

describe('TLS and slow clients', () => {
  test('a handshake that does not go on is ended after httpTimeout', async (t) => {
    const cluster = await Cluster.of(t, { tls: true, plugins: APP, options: { httpTimeout: 300 } });
    for (const bytes of ['', '1603010200010001fc0303']) {
      const slow = net.connect({ port: cluster.port, host: '127.0.0.1' });
      slow.on('error', () => {});
      slow.resume();
      slow.write(Buffer.from(bytes, 'hex'));
      await within('the end of a slow handshake', new Promise((resolve) => slow.once('close', resolve)));
    }
  });
});

describe('presence over TLS', () => {
  test('is seen across workers', async (t) => {
    const cluster = await Cluster.of(t, {
      workers: 2, brokers: 2, tls: true,
      plugins: [{ name: 'stateless_presence' }, { test: 'trace_app' }, { test: 'whoami' }],
    });
    const members = [];
    for (const username of ['ada', 'bob', 'cy', 'dan']) {
      const client = await Client.of(t, '14.3.2', cluster.port, cluster.clientOptions);
      await client.login({ username });
      await client.until('the token', () => client.isAuthenticated);
      const presence = trackPresence(client, ['room']);
      await client.subscribe('room');
      members.push(presence);
    }
    for (const member of members) await member.untilList(['ada', 'bob', 'cy', 'dan']);
    members[3].client.close();
    for (const member of members.slice(0, 3)) await member.untilList(['ada', 'bob', 'cy']);
  });
});

describe('the demo page over https', () => {
  test('lets two tabs chat', async (t) => {
    const { chromium } = require('playwright-core');
    const executablePath = [process.env.SC_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
      .find((file) => file && fs.existsSync(file));
    assert.ok(executablePath, 'no Chromium: install the package chromium or set SC_CHROMIUM');
    const cluster = await Cluster.of(t, { workers: 2, tls: true, plugins: [{ name: 'stateless_presence' }, { name: 'demo' }] });
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
    t.after(() => browser.close());
    async function tab(name) {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT_MS);
      await page.goto(`https://127.0.0.1:${cluster.port}/`);
      await page.fill('#name', name);
      await page.click('#enter');
      await page.waitForSelector('#chat-view', { state: 'visible' });
      await page.fill('#room', 'hall');
      await page.press('#room', 'Enter');
      return page;
    }
    const ada = await tab('Ada');
    const bob = await tab('Bob');
    await until('Bob on the page of Ada', async () => (await ada.textContent('#people')).includes('Bob'));
    await bob.fill('#text', 'hello over TLS');
    await bob.press('#text', 'Enter');
    await until('the text on the page of Ada', async () => (await ada.textContent('#log')).includes('hello over TLS'));
  });
});

describe('keys and options of TLS', () => {
  const subject = (socket) => socket.getPeerCertificate().subject.CN;

  test('an RSA key serves, and TLS 1.3 alone if that is wanted', async (t) => {
    const certificate = makeCertificate(folder(t), 'rsa', { kind: 'rsa' });
    const cluster = await Cluster.of(t, { tls: certificate, plugins: APP, options: { tlsMinVersion: '1.3' } });
    assert.strictEqual(subject(await shakeHands(t, cluster.port)), 'rsa');
    await assert.rejects(shakeHands(t, cluster.port, { maxVersion: 'TLSv1.2' }), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  test('a key with a pass phrase in a file serves', async (t) => {
    const dir = folder(t);
    const certificate = makeCertificate(dir, 'locked', { passphrase: 'open sesame' });
    fs.writeFileSync(path.join(dir, 'phrase'), 'open sesame\n');
    const options = { tlsPassphraseFile: path.join(dir, 'phrase') };
    const cluster = await Cluster.of(t, { tls: certificate, plugins: APP, options });
    assert.strictEqual(subject(await shakeHands(t, cluster.port)), 'locked');
  });

  test('protocol and protocolOptions of SocketCluster serve, and no key is seen from outside', async (t) => {
    const { cert, key } = makeCertificate(folder(t), 'inline', { passphrase: 'swordfish' });
    const text = (file) => fs.readFileSync(file, 'utf8');
    const secret = text(key).split('\n')[3];
    const given = { protocol: 'https', protocolOptions: { key: text(key), cert: text(cert), passphrase: 'swordfish' } };
    const cluster = await Cluster.of(t, { plugins: APP, env: { SOCKETCLUSTER_OPTIONS: JSON.stringify(given) } });
    assert.strictEqual(subject(await shakeHands(t, cluster.port)), 'inline');
    for (const pid of [cluster.pid, ...Object.values(cluster.processes())]) {
      for (const name of ['cmdline', 'environ']) {
        const shown = fs.readFileSync(`/proc/${pid}/${name}`, 'latin1');
        assert.ok(!shown.includes(secret) && !shown.includes('swordfish'), `a secret in ${name} of ${pid}`);
      }
    }
    assert.ok(!cluster.log().includes(secret) && !cluster.log().includes('swordfish'));
  });

  // Refused with exactly one line that has all of `words`, at the start and by --check.
  async function assertRefused(flags, words) {
    for (const more of [[], ['--check']]) {
      const result = await run([...flags, '--port', '0', ...more]);
      const lines = (result.stdout + result.stderr).trim().split('\n');
      assert.strictEqual(result.code, 1, lines.join('\n'));
      assert.strictEqual(lines.length, 1, lines.join('\n'));
      for (const word of words) assert.ok(lines[0].includes(word), `no ${word} in: ${lines[0]}`);
    }
  }

  test('what can not be used stops the start with one line', async (t) => {
    const dir = folder(t);
    const one = makeCertificate(dir, 'one');
    const two = makeCertificate(dir, 'two');
    const locked = makeCertificate(dir, 'locked', { passphrase: 'open sesame' });
    const expired = makeExpired(dir, 'expired');
    const wrong = path.join(dir, 'phrase');
    fs.writeFileSync(wrong, 'guessed\n');
    await assertRefused(['--tls-cert', one.cert], ['option tlsKey is missing']);
    await assertRefused(['--tls-cert', one.cert, '--tls-key', `${dir}/none`], ['option tlsKey', `${dir}/none`, 'No such file']);
    await assertRefused(['--tls-cert', one.cert, '--tls-key', two.key], ['option tlsKey', two.key, 'does not belong', one.cert]);
    await assertRefused(['--tls-cert', one.key, '--tls-key', one.key], ['option tlsCert', one.key, 'no PEM certificate']);
    await assertRefused(['--tls-cert', locked.cert, '--tls-key', locked.key], ['option tlsKey', locked.key, 'pass phrase']);
    await assertRefused(['--tls-cert', locked.cert, '--tls-key', locked.key, '--tls-passphrase-file', wrong],
      ['option tlsKey', locked.key, 'tlsPassphraseFile', wrong]);
    await assertRefused(['--tls-cert', expired.cert, '--tls-key', expired.key], ['option tlsCert', expired.cert, 'expired', '2001']);
  });
});

// What SIGHUP does. The files that a cluster reads are copies of those that a test made.
describe('SIGHUP', () => {
  const RENEWED = /certificates and keys are read again/;
  const KEPT = /certificates and keys stay as they were/;

  // A cluster with `one` in force; `install` puts another certificate into its files.
  async function start(t, settings = {}) {
    const dir = folder(t);
    const [one, two] = ['one', 'two'].map((name) => makeCertificate(dir, name));
    const used = { cert: path.join(dir, 'used.pem'), key: path.join(dir, 'used.key') };
    const install = ({ cert, key }) => {
      fs.copyFileSync(cert, used.cert);
      fs.copyFileSync(key, used.key);
    };
    install(one);
    const cluster = await Cluster.of(t, { workers: 2, brokers: 2, tls: used, plugins: APP, ...settings });
    return { cluster, one, two, used, install, dir };
  }

  async function reload(cluster, pattern) {
    const from = cluster.lines.length;
    cluster.signal('SIGHUP');
    await cluster.waitForLine(pattern, from);
    return cluster.lines.slice(from).map((entry) => entry.line);
  }

  const namesOf = async (t, cluster, count = 8) => {
    const names = new Set();
    for (let i = 0; i < count; i++) {
      const socket = await shakeHands(t, cluster.port);
      names.add(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    }
    return [...names].join();
  };

  // Every worker answers a packet: what the master has sent before it has been dealt with.
  async function untilNames(t, cluster, name) {
    await until(`the certificate ${name} everywhere`, async () => (await namesOf(t, cluster)) === name);
  }

  test('gives new connections the new certificate, under load, and loses no connection', async (t) => {
    const { cluster, two, install } = await start(t);
    const raws = [];
    for (let i = 0; i < 20; i++) {
      const raw = await RawSocket.connect(cluster.port, { tls: true });
      t.after(() => raw.destroy());
      raws.push(raw);
    }
    let isOver = false;
    let answers = 0;
    const load = raws.map(async (raw) => {
      while (!isOver) {
        const data = { text: 'z'.repeat(1000), answers };
        assert.deepStrictEqual(await raw.ask('echo', data), data);
        answers++;
      }
    });
    const arrivals = (async () => {
      while (!isOver) {
        const socket = await shakeHands(t, cluster.port);
        assert.match(socket.getPeerCertificate().subject.CN, /^(one|two)$/);
        socket.destroy();
      }
    })();
    await until('some load', () => answers > 100);
    install(two);
    await reload(cluster, RENEWED);
    await untilNames(t, cluster, 'two');
    const before = answers;
    await until('more load', () => answers > before + 100);
    isOver = true;
    await Promise.all([...load, arrivals]);
    for (const raw of raws) {
      assert.strictEqual(raw.socket.getPeerCertificate().subject.CN, 'one');
      assert.strictEqual(raw.socket.destroyed, false);
    }
  });

  test('with files that do not fit keeps what is in force, and says so in one error', async (t) => {
    const { cluster, one, two, used } = await start(t);
    const raw = await RawSocket.connect(cluster.port, { tls: true });
    t.after(() => raw.destroy());
    const broken = [
      [() => fs.copyFileSync(two.key, used.key), /option tlsKey: .*used\.key does not belong to the certificate/],
      [() => fs.writeFileSync(used.cert, 'no certificate'), /option tlsCert: .*used\.pem is no PEM certificate/],
      [() => fs.rmSync(used.cert), /option tlsCert: can't read .*used\.pem: No such file/],
      [() => fs.copyFileSync(makeExpired(path.dirname(used.cert), 'late').cert, used.cert), /option tls/],
    ];
    for (const [spoil, expected] of broken) {
      spoil();
      const errors = (await reload(cluster, KEPT)).filter((line) => / error /.test(line));
      assert.strictEqual(errors.length, 1, errors.join('\n'));
      assert.match(errors[0], expected);
      assert.strictEqual(await namesOf(t, cluster, 4), 'one');
    }
    await cluster.killAndReplace('sc-worker-0');
    await cluster.waitForLine(/worker 0 serves again/);
    assert.strictEqual(await namesOf(t, cluster), 'one');
    assert.strictEqual((await raw.ask('worker').catch(() => ({ id: 0 }))).id >= 0, true);
    fs.copyFileSync(one.cert, used.cert);
    fs.copyFileSync(one.key, used.key);
    await reload(cluster, RENEWED);
  });

  test('is not forgotten by workers that start later', async (t) => {
    const { cluster, two, install } = await start(t);
    install(two);
    await reload(cluster, RENEWED);
    for (const name of ['sc-worker-0', 'sc-worker-1']) await cluster.killAndReplace(name);
    await cluster.waitForLine(/worker 1 serves again/);
    await untilNames(t, cluster, 'two');
    const from = cluster.lines.length;
    cluster.signal('SIGUSR2');
    await cluster.waitForLine(/all workers are replaced/, from);
    assert.strictEqual(await namesOf(t, cluster), 'two');
  });

  test('makes tickets of the old certificate worthless', async (t) => {
    const { cluster, two, install } = await start(t, { workers: 1 });
    const old = await shakeHands(t, cluster.port, { maxVersion: 'TLSv1.2' });
    const session = old.getSession();
    assert.strictEqual((await shakeHands(t, cluster.port, { maxVersion: 'TLSv1.2', session })).isSessionReused(), true);
    install(two);
    await reload(cluster, RENEWED);
    await untilNames(t, cluster, 'two');
    assert.strictEqual((await shakeHands(t, cluster.port, { maxVersion: 'TLSv1.2', session })).isSessionReused(), false);
  });

  test('reads the auth key again, without TLS too', async (t) => {
    const dir = folder(t);
    const file = path.join(dir, 'key');
    fs.writeFileSync(file, 'the first secret\n');
    const cluster = await Cluster.of(t, { workers: 2, plugins: APP, options: { authKey: null, authKeyFile: file } });
    const [oldToken, newToken] = ['the first secret', 'the second secret'].map((key) => sign({ username: 'ada' }, { key }));
    const raws = [await cluster.connectOn(0), await cluster.connectOn(1)];
    t.after(() => raws.forEach((raw) => raw.destroy()));
    const accepts = async (raw, token) => (await raw.call('#authenticate', token)).data.isAuthenticated;
    for (const raw of raws) assert.strictEqual(await accepts(raw, oldToken), true);
    fs.writeFileSync(file, '');
    await reload(cluster, KEPT);
    for (const raw of raws) assert.strictEqual(await accepts(raw, oldToken), true);
    fs.writeFileSync(file, 'the second secret\n');
    await reload(cluster, RENEWED);
    for (const raw of raws) {
      await until('the new key', () => accepts(raw, newToken));
      assert.strictEqual(await accepts(raw, oldToken), false);
      await raw.ask('login', { username: 'bob' });
      const { payload } = await raw.inbox.next((item) => item.frame === 'text' && item.payload.includes('#setAuthToken'));
      verify(JSON.parse(payload).data.token, 'the second secret');
    }
    await cluster.killAndReplace('sc-worker-0');
    const again = await cluster.connectOn(0);
    t.after(() => again.destroy());
    assert.strictEqual(await accepts(again, newToken), true);
  });

  test('replaces a key while tokens of the one before stay good, as docs/operations.md says', async (t) => {
    const dir = folder(t);
    const [file, oldFile] = ['auth.key', 'auth-old.key'].map((name) => path.join(dir, name));
    const keys = ['k1', 'k2'].map((name) => `${name}-0123456789abcdef0123456789abcdef`);
    for (const name of [file, oldFile]) fs.writeFileSync(name, `${keys[0]}\n`);
    const options = { authKey: null, authKeyFile: file, authVerifyKeyFiles: [oldFile] };
    const cluster = await Cluster.of(t, { workers: 2, plugins: APP, options });
    const raw = await cluster.connectOn(1);
    t.after(() => raw.destroy());
    const [oldToken, newToken] = keys.map((key) => sign({ username: 'ada' }, { key }));
    const accepts = async (token) => (await raw.call('#authenticate', token)).data.isAuthenticated;
    assert.strictEqual(await accepts(oldToken), true);
    assert.strictEqual(await accepts(newToken), false);
    fs.writeFileSync(file, `${keys[1]}\n`);
    await reload(cluster, RENEWED);
    await until('the new key', () => accepts(newToken));
    assert.strictEqual(await accepts(oldToken), true);
    fs.writeFileSync(oldFile, `${keys[1]}\n`);
    await reload(cluster, RENEWED);
    await until('the end of the old key', async () => !(await accepts(oldToken)));
    assert.strictEqual(await accepts(newToken), true);
  });

  test('reads with the rights of the user that the cluster has become', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root can become another user');
    const { cluster, one, two, used, install } = await start(t, {
      workers: 1, brokers: 1, plugins: [], options: { user: 'nobody', runtimeDir: undefined }, // what root alone may enter is of no use
    });
    install(two);
    for (const file of [used.cert, used.key]) fs.chmodSync(file, 0o600);
    fs.chmodSync(path.dirname(used.cert), 0o755);
    const lines = await reload(cluster, KEPT);
    assert.ok(lines.some((line) => /option tls\w+: can't read .*: Permission denied/.test(line)), lines.join('\n'));
    assert.strictEqual(await namesOf(t, cluster, 2), 'one');
    for (const file of [used.cert, used.key]) fs.chmodSync(file, 0o644);
    await reload(cluster, RENEWED);
    await untilNames(t, cluster, 'two');
    assert.ok(one);
  });
});
