'use strict';
// Options from file, environment and flags; what stops the start, and the line that says why.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { Cluster, run, temporaryDir, testPlugin } = require('./support/cluster');
const { RawSocket } = require('./support/raw');

const VARIABLES = ['SOCKETCLUSTER_WORKERS', 'SOCKETCLUSTER_BROKERS', 'SOCKETCLUSTER_PORT', 'SOCKETCLUSTER_OPTIONS'];
for (const name of VARIABLES) delete process.env[name];

function configFile(t, content) {
  const dir = temporaryDir();
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'config.json');
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

// Must not start, and one line must say all of `words`.
async function assertRefused(args, words, env = {}) {
  const result = await run(args, { env });
  const text = result.stdout + result.stderr;
  assert.strictEqual(result.signal, null, text);
  assert.strictEqual(result.code, 1, text);
  assert.ok(text.split('\n').some((line) => words.every((word) => line.includes(word))), `no line with ${words}:\n${text}`);
}

describe('the command line', () => {
  test('--help shows every flag, --version the version, and both exit with 0', async () => {
    const help = await run(['--help']);
    assert.strictEqual(help.code, 0);
    const flags = ['-w', '--workers', '-b', '--brokers', '-p', '--port', '--host', '--path', '--plugin', '--broker-plugin',
      '--plugin-dir', '--config', '--auth-key', '--auth-key-file', '--auth-private-key-file', '--auth-public-key-file',
      '--auth-algorithm', '--user', '--runtime-dir', '--pid-file', '--log-level', '--log-format', '--help', '--version', '--check'];
    for (const flag of flags) assert.ok(help.stdout.includes(flag), `--help lacks ${flag}`);
    const version = await run(['--version']);
    assert.strictEqual(version.code, 0);
    assert.match(version.stdout, /\d+\.\d+\.\d+/);
  });

  test('an unknown flag stops the start and is named', () => assertRefused(['--wrokers', '2'], ['--wrokers']));
  test('a flag without its value stops the start and is named', () => assertRefused(['--port'], ['--port']));
  test('a word that is no flag stops the start and is named', () => assertRefused(['serve'], ['serve']));
  test('a value out of range stops the start and is named with its range',
    () => assertRefused(['--port', '70000'], ['--port', '70000', '65535']));
  test('a value that is no number stops the start', () => assertRefused(['-w', 'many'], ['-w', 'many', 'auto']));
  test('a number with something behind it stops the start', () => assertRefused(['-w', '2x'], ['-w', '2x']));
  test('a word that is none of the possible ones stops the start with those that are',
    () => assertRefused(['--log-level', 'loud'], ['log-level', 'loud', 'debug', 'error']));
});

describe('the configuration file', () => {
  test('with an unknown option stops the start', async (t) => {
    await assertRefused(['--config', configFile(t, { pingIntervall: 1 })], ['pingIntervall']);
  });
  test('with a value out of range stops the start', async (t) => {
    await assertRefused(['--config', configFile(t, { socketChannelLimit: -1 })], ['socketChannelLimit', '-1']);
  });
  test('with a value of the wrong type stops the start', async (t) => {
    await assertRefused(['--config', configFile(t, { pingInterval: 'often' })], ['pingInterval', 'often']);
    await assertRefused(['--config', configFile(t, { strictHandshake: 1 })], ['strictHandshake']);
  });
  test('that is no JSON stops the start and names the place', async (t) => {
    await assertRefused(['--config', configFile(t, '{"workers": 1,\n nonsense}')], ['config.json', '2']);
  });
  test('that is not there stops the start', () => assertRefused(['--config', '/nonexistent/x.json'], ['/nonexistent/x.json']));
  test('never has its secret shown', async (t) => {
    const result = await run(['--config', configFile(t, { authKey: 12345678901 })]);
    assert.strictEqual(result.code, 1);
    assert.ok(!(result.stdout + result.stderr).includes('12345678901'));
  });
});

describe('precedence', () => {
  const limits = async (t, settings, expected) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'probe' }], ...settings });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    for (const [name, value] of Object.entries(expected)) assert.strictEqual(await raw.ask('probe:option', name), value, name);
    return cluster;
  };

  test('is defaults, file, environment, flags', async (t) => {
    await limits(t, {
      options: { pingInterval: 5000, ackTimeout: 111, path: '/file/' },
      env: { SOCKETCLUSTER_OPTIONS: '{"ackTimeout":222,"path":"/socketcluster/"}', SOCKETCLUSTER_WORKERS: '2' },
      flags: ['--log-level', 'warn', '-b', '3'],
    }, { pingInterval: 5000, ackTimeout: 222, path: '/socketcluster/', logLevel: 'warn', pingTimeout: 20000, workers: 2, brokers: 3 });
  });

  test('of the variables of SocketCluster is that of its sample server: SOCKETCLUSTER_OPTIONS beats the others', async (t) => {
    const cluster = await limits(t, {
      env: { SOCKETCLUSTER_OPTIONS: '{"workers":2}', SOCKETCLUSTER_WORKERS: '3', SOCKETCLUSTER_BROKERS: '2' },
    }, { workers: 2, brokers: 2 });
    assert.strictEqual(Object.keys(cluster.processes()).length, 4);
  });

  test('a wrong variable stops the start and is named', async () => {
    await assertRefused([], ['SOCKETCLUSTER_WORKERS', 'x'], { SOCKETCLUSTER_WORKERS: 'x' });
    await assertRefused([], ['SOCKETCLUSTER_OPTIONS'], { SOCKETCLUSTER_OPTIONS: '{' });
    await assertRefused([], ['SOCKETCLUSTER_OPTIONS', 'unheardOf'], { SOCKETCLUSTER_OPTIONS: '{"unheardOf":1}' });
  });

  test('a secret is no option that plugins can read', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'probe' }] });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    await assert.rejects(raw.ask('probe:option', 'authKey'), { message: 'SC_ERR_NOT_FOUND' });
    await assert.rejects(raw.ask('probe:option', 'noSuchOption'), { message: 'SC_ERR_NOT_FOUND' });
  });
});

describe('a plugin', () => {
  const cases = [
    ['that is not there', 'no_such_plugin', ['no_such_plugin']],
    ['of a later interface', () => testPlugin('abi_newer'), ['abi_newer', 'interface 2', '1']],
    ['of an earlier interface', () => testPlugin('abi_older'), ['abi_older', 'interface 0', '1']],
    ['that is none', () => testPlugin('no_symbol'), ['no_symbol', 'sc_worker_plugin']],
    ['that fails to attach', () => testPlugin('attach_fails'), ['attach_fails']],
    ['that is no shared object', () => __filename, ['options.test.js']],
    ['whose options are no JSON', () => `${testPlugin('whoami')}={x`, ['whoami']],
  ];
  for (const [what, name, words] of cases) {
    test(`${what} stops the start and is named`, async () => {
      const plugin = typeof name === 'string' ? name : name();
      await assertRefused(['--port', '0', '--plugin', plugin], words);
      await assertRefused(['--check', '--plugin', plugin], words);
    });
  }

  test('with wrong options of its own stops the start', async () => {
    await assertRefused(['--check', '--plugin', 'stateless_presence={"presenceIntervall":1}'], ['stateless_presence', 'presenceIntervall']);
    await assertRefused(['--check', '--plugin', 'stateless_presence={"presenceInterval":-1}'], ['stateless_presence', 'presenceInterval']);
  });

  test('for brokers that has no broker half stops the start', () =>
    assertRefused(['--port', '0', '--broker-plugin', testPlugin('whoami')], ['whoami', 'sc_broker_plugin']));

  test('given twice stops the start', () =>
    assertRefused(['--port', '0', '--plugin', testPlugin('whoami'), '--plugin', testPlugin('whoami')], ['whoami']));
});

describe('--check', () => {
  test('exits with 0 when all is well, and serves nothing', async (t) => {
    const file = configFile(t, { workers: 2, port: 0, plugins: [{ name: testPlugin('trace_app') }, { name: 'stateless_presence' }] });
    const result = await run(['--check', '--config', file]);
    assert.strictEqual(result.code, 0, result.stdout + result.stderr);
    assert.ok(!/^ready/m.test(result.stdout));
  });
});

describe('keys', () => {
  test('of which one half is missing, or that are no keys, stop the start', async (t) => {
    const dir = temporaryDir();
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'key.pem');
    fs.writeFileSync(file, 'no key');
    await assertRefused(['--port', '0', '--auth-private-key-file', file], ['uthP']);
    await assertRefused(['--port', '0', '--auth-private-key-file', file, '--auth-public-key-file', file], ['uthP']);
    await assertRefused(['--port', '0', '--auth-key-file', '/nonexistent'], ['/nonexistent']);
  });

  test('from a file are taken without their final line break', async (t) => {
    const dir = temporaryDir();
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'key');
    fs.writeFileSync(file, 'secret of the file\n');
    const cluster = await Cluster.of(t, { options: { authKey: undefined, authKeyFile: file } });
    const { sign } = require('./support/token');
    const raw = await RawSocket.open(cluster.port);
    t.after(() => raw.destroy());
    const answer = await raw.handshake(sign({ exp: 4102444800 }, { key: 'secret of the file' }));
    assert.strictEqual(answer.data.isAuthenticated, true);
  });
});

describe('the start', () => {
  test('on a port that is taken fails with a line that names it', async (t) => {
    const cluster = await Cluster.of(t, {});
    const blocked = require('node:net').createServer();
    await new Promise((resolve) => blocked.listen(0, '127.0.0.1', resolve));
    t.after(() => blocked.close());
    await assertRefused(['--host', '127.0.0.1', '--port', String(blocked.address().port)], [String(blocked.address().port)]);
    assert.ok(cluster.port > 0);
  });

  test('logs text or JSON lines with level, time, process and text', async (t) => {
    const plain = await Cluster.of(t, {});
    assert.ok(plain.lines.length > 0);
    const cluster = await Cluster.of(t, { options: { logFormat: 'json', logLevel: 'debug' } });
    await cluster.killAndReplace('sc-worker-0');
    await cluster.waitForLine(/SIGKILL|signal 9/);
    const lines = cluster.lines.filter((entry) => entry.line.startsWith('{')).map((entry) => JSON.parse(entry.line));
    assert.ok(lines.length > 0, cluster.log());
    for (const line of lines) assert.ok(Object.keys(line).length >= 4, JSON.stringify(line));
    assert.ok(lines.some((line) => Object.values(line).includes('warn') || Object.values(line).includes('error')));
  });
});
