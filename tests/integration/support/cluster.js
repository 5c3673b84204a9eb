'use strict';
// Starts sc-cluster on a port that the system chooses, knows its processes, and stops it: a test that leaves one behind,
// or that made one report an error of memory, fails.
//
// SC_BUILD_DIR: the build folder; by default the first of build/* that has a bin/sc-cluster.

const { spawn } = require('node:child_process');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { RawSocket } = require('./raw');
const { CLIENT_OPTIONS, sharedCertificate } = require('./tls');
const { until, within } = require('./wait');

const ROOT = path.resolve(__dirname, '../../..');
const AUTH_KEY = 'golden-trace-key-0123456789abcdef';
const SANITIZER = /ERROR: (Address|Leak|Thread)Sanitizer|runtime error:/;

function buildDir() {
  if (process.env.SC_BUILD_DIR) return path.resolve(process.env.SC_BUILD_DIR);
  const folder = path.join(ROOT, 'build');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const found = names.map((name) => path.join(folder, name)).find((dir) => fs.existsSync(`${dir}/bin/sc-cluster`));
  if (!found) throw new Error('no build found: set SC_BUILD_DIR');
  return found;
}

function binary() {
  return path.join(buildDir(), 'bin/sc-cluster');
}

function testPlugin(name) {
  return path.join(buildDir(), `tests/plugins/${name}.so`);
}

// A folder of a test's own, removed at its end. Short, because sockets between processes lie in it.
function temporaryDir() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'sct-'));
}

// Of a process: parent and title; null if it has ended.
function processInfo(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    const title = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0];
    return { pid, parent: Number(parent), title, name: fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
  } catch (error) {
    return null;
  }
}

function isAlive(pid) {
  return processInfo(pid) !== null;
}

function childrenOf(pid) {
  return fs.readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processInfo(Number(name)))
    .filter((info) => info !== null && info.parent === pid);
}

// Tests name their own plugins as { test: 'whoami' }, those of the project by their names.
function pluginEntry(plugin) {
  if (typeof plugin === 'string') return { name: plugin };
  const entry = { name: plugin.test ? testPlugin(plugin.test) : plugin.name };
  if (plugin.options !== undefined) entry.options = plugin.options;
  return entry;
}

// What a test that dies leaves behind dies with it.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

class Cluster {
  // settings: workers, brokers, plugins, brokerPlugins, masterPlugins, options (as in the configuration file), flags, env, tls
  // (true: with a certificate of the tests; or { cert, key }, paths).
  static async start(settings = {}) {
    const cluster = new Cluster(settings);
    cluster.spawn();
    try {
      await cluster.ready();
    } catch (error) {
      await cluster.kill();
      throw error;
    }
    return cluster;
  }

  // As start; stopped, and checked, when the test ends.
  static async of(t, settings = {}) {
    const cluster = await Cluster.start(settings);
    t.after(() => cluster.stop());
    return cluster;
  }

  constructor(settings) {
    this.settings = settings;
    this.dir = temporaryDir();
    this.lines = [];
    this.seen = new Set();
    this.allowsFailure = false;
  }

  config() {
    const { workers = 1, brokers = 1, plugins = [], brokerPlugins = [], masterPlugins = [], options = {} } = this.settings;
    return {
      workers,
      brokers,
      port: 0,
      host: '127.0.0.1',
      authKey: AUTH_KEY,
      runtimeDir: path.join(this.dir, 'run'),
      plugins: plugins.map(pluginEntry),
      brokerPlugins: brokerPlugins.map(pluginEntry),
      ...this.tlsOptions(),
      masterPlugins: masterPlugins.map(pluginEntry),
      ...options,
    };
  }

  tlsOptions() {
    const { tls = false } = this.settings;
    if (!tls) return {};
    const { cert, key } = tls === true ? sharedCertificate() : tls;
    return { tlsCert: cert, tlsKey: key };
  }

  // What a published client needs to connect, beside the port.
  get clientOptions() {
    return this.settings.tls ? CLIENT_OPTIONS : {};
  }

  spawn() {
    const file = path.join(this.dir, 'config.json');
    fs.writeFileSync(file, JSON.stringify(this.config()));
    const env = { ...process.env, ...this.settings.env };
    this.child = spawn(binary(), ['--config', file, ...(this.settings.flags || [])], { env, cwd: this.dir });
    this.collect(this.child.stdout, 'stdout');
    this.collect(this.child.stderr, 'stderr');
    this.exit = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve({ code, signal }));
    });
    running.add(this.child);
    this.exit.then((result) => {
      running.delete(this.child);
      this.ended = result;
    });
  }

  collect(stream, from) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) this.lines.push({ from, line });
    });
    stream.on('end', () => rest && this.lines.push({ from, line: rest }));
  }

  log() {
    return this.lines.map((entry) => entry.line).join('\n');
  }

  // Resolves with the first line, from line number `from` on, that matches.
  waitForLine(pattern, from = 0) {
    return until(`a line ${pattern} in the log`, () => {
      const found = this.lines.slice(from).find((entry) => pattern.test(entry.line));
      return found && found.line;
    }).catch((error) => {
      throw new Error(`${error.message}; the log:\n${this.log()}`);
    });
  }

  async ready() {
    const line = await until('the ready line', () => {
      if (this.ended) throw new Error(`ended (${JSON.stringify(this.ended)}) before it was ready:\n${this.log()}`);
      const found = this.lines.find((entry) => /^ready\b/.test(entry.line));
      return found && found.line;
    }, 60000);
    const port = /port\D{0,3}(\d+)/.exec(line) || /:(\d+)\b/.exec(line);
    assert.ok(port, `no port in the line: ${line}`);
    this.port = Number(port[1]);
    this.readyLine = line;
    this.processes();
  }

  get pid() {
    return this.child.pid;
  }

  // The children, by name: { 'sc-worker-0': pid, ... }
  processes() {
    const found = {};
    for (const info of childrenOf(this.pid)) {
      this.seen.add(info.pid);
      const name = /^sc-(worker|broker)-\d+/.exec(info.title) || /^sc-(worker|broker)-\d+/.exec(info.name);
      if (name) found[name[0]] = info.pid;
    }
    return found;
  }

  // Resolves with the pid of a child that bears the name and has not the pid `not`.
  childNamed(name, not = 0) {
    return until(`the process ${name}`, () => {
      const pid = this.processes()[name];
      return pid !== undefined && pid !== not && pid;
    });
  }

  worker(id) {
    return this.childNamed(`sc-worker-${id}`);
  }

  broker(id) {
    return this.childNamed(`sc-broker-${id}`);
  }

  // Kills a child and resolves with the pid of its successor once that serves.
  async killAndReplace(name, signal = 'SIGKILL') {
    const pid = await this.childNamed(name);
    process.kill(pid, signal);
    await until(`the end of ${name}`, () => !isAlive(pid));
    return this.childNamed(name, pid);
  }

  // A raw socket on worker `id`; needs the plugin whoami.
  async connectOn(id, options = {}) {
    for (let i = 0; i < 200; i++) {
      const raw = await RawSocket.connect(this.port, { tls: Boolean(this.settings.tls), ...options });
      if ((await raw.ask('worker')).id === id) return raw;
      raw.destroy();
    }
    throw new Error(`no connection reached worker ${id}`);
  }

  signal(name) {
    process.kill(this.pid, name);
  }

  // SIGTERM; checks the exit code, that no process is left, and what sanitizers say.
  async stop() {
    if (this.isStopped) return;
    this.isStopped = true;
    this.processes();
    if (!this.ended) this.signal('SIGTERM');
    const result = await within('the end of the cluster', this.exit, 40000).catch(async (error) => {
      await this.kill();
      throw new Error(`${error.message}; the log:\n${this.log()}`);
    });
    await this.checkGone();
    fs.rmSync(this.dir, { recursive: true, force: true });
    if (this.allowsFailure) return;
    assert.ok(!SANITIZER.test(this.log()), this.log());
    assert.deepStrictEqual(result, { code: 0, signal: null }, this.log());
  }

  async checkGone() {
    for (const pid of this.seen) await until(`the end of process ${pid}`, () => !isAlive(pid));
  }

  // Ends everything at once, without checks.
  async kill() {
    const pids = Object.values(this.processes());
    if (!this.ended) this.child.kill('SIGKILL');
    await this.exit;
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

// Runs the program to its end. Resolves with { code, signal, stdout, stderr }.
async function run(args, options = {}) {
  const dir = temporaryDir();
  const child = spawn(binary(), args, { cwd: dir, env: { ...process.env, ...options.env } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text) => {
      output[name] += text;
    });
  }
  const exit = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...output })));
  try {
    return await within('the end of sc-cluster', exit, 40000);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error.message}; it said:\n${output.stdout}${output.stderr}`);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

module.exports = { AUTH_KEY, Cluster, binary, buildDir, childrenOf, isAlive, run, temporaryDir, testPlugin };
