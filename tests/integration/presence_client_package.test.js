'use strict';
// The package of our presence client: what is in it, its types, its syntax, and that it loads in every way that it
// offers: require, import, and in Chromium as script and as module.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const typescript = require('typescript');
const { launchChromium } = require('./support/browser');
const { temporaryDir } = require('./support/cluster');

const ROOT = path.resolve(__dirname, '../..');
const FOLDER = path.join(ROOT, 'plugins/stateless_presence/client');
const read = (file, folder = FOLDER) => fs.readFileSync(path.join(folder, file), 'utf8');

// A project that has installed the package.
function project(t) {
  const dir = temporaryDir();
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  fs.mkdirSync(path.join(dir, 'node_modules'));
  fs.symlinkSync(FOLDER, path.join(dir, 'node_modules/sc-cluster-presence-client'));
  return dir;
}

test('the package has what is needed and nothing else', () => {
  const env = { ...process.env, npm_config_update_notifier: 'false' };
  const options = { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'ignore'] };
  const [pack] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--offline'], options));
  assert.deepStrictEqual(pack.files.map((file) => file.path).sort(), ['LICENSE', 'README.md', 'package.json', 'presence-client.d.mts',
    'presence-client.d.ts', 'presence-client.js', 'presence-client.mjs']);
});

test('the package has the version and the licence of the project', () => {
  const { version, license, dependencies } = JSON.parse(read('package.json'));
  assert.strictEqual(version, /project\(sc-cluster VERSION (\S+)/.exec(read('CMakeLists.txt', ROOT))[1]);
  assert.strictEqual(read('LICENSE'), read('LICENSE', ROOT));
  assert.strictEqual(license, 'MIT');
  assert.strictEqual(dependencies, undefined);
});

test('the source has no syntax newer than ES2018', () => {
  const { ScriptTarget, ModuleKind } = typescript;
  const make = (target) => typescript.transpileModule(read('presence-client.js'), {
    compilerOptions: { target, module: ModuleKind.None, allowJs: true, alwaysStrict: false },
  }).outputText;
  assert.strictEqual(make(ScriptTarget.ES2018), make(ScriptTarget.ESNext));
});

test('require and import give the same functions, also under the path of the published client', (t) => {
  const dir = project(t);
  const script = `
    import presence, { create } from 'sc-cluster-presence-client';
    import { create as other } from 'sc-cluster-presence-client/client';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('sc-cluster-presence-client/client');
    console.log(JSON.stringify([create === other, create === presence.create, create === required.create, typeof create]));`;
  fs.writeFileSync(path.join(dir, 'test.mjs'), script);
  const output = execFileSync(process.execPath, ['--preserve-symlinks', 'test.mjs'], { cwd: dir }).toString();
  assert.deepStrictEqual(JSON.parse(output), [true, true, true, 'function']);
});

// The messages of the compiler on this file of a project.
function complaints(dir, file, text) {
  fs.writeFileSync(path.join(dir, file), text);
  const { ModuleKind, ModuleResolutionKind, ScriptTarget } = typescript;
  const program = typescript.createProgram([path.join(dir, file)], {
    strict: true, noEmit: true, module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16,
    target: ScriptTarget.ES2018, lib: ['lib.es2018.d.ts', 'lib.dom.d.ts'], types: [],
  });
  return typescript.getPreEmitDiagnostics(program)
    .map(({ messageText }) => typescript.flattenDiagnosticMessageText(messageText, ' '));
}

const USE = `
  declare const socket: { id: string | null; state: string; on(): void };
  const presence = create(socket, { presenceCheckInterval: 500, clearOnDisconnect: true });
  const tracking = presence.trackPresence('room', (event) => {
    const action: 'join' | 'leave' = event.action;
    if (event.action === 'join' && event.data) console.log(action, event.data.status);
  });
  presence.trackPresence('room', (event) => {
    if (event.action === 'ready') event.users.map((user) => user.length);
    if (event.action === 'fail') console.log(event.error.message, event.channel);
  }, { events: true });
  const listener = { join: ({ username }: { username: unknown }) => console.log(username), ready() {} };
  presence.trackPresence('room', listener);
  presence.trackPresence('room');
  presence.untrackPresence('room', listener);
  tracking.ready.then((users) => users.join());
  tracking.untrack();
  const list: string[] = presence.getPresenceList('room');
  const there: boolean = presence.isPresent('room', 42) && presence.isReady('room');
  const status: unknown = presence.getPresenceData('room', list[0])?.status;
  presence.destroy();
  presence.close();
  console.log(there, status);
`;

test('the types fit their use, from modules of both kinds', (t) => {
  const dir = project(t);
  const from = `from 'sc-cluster-presence-client';\n${USE}`;
  assert.deepStrictEqual(complaints(dir, 'named.mts', `import { create } ${from}`), []);
  assert.deepStrictEqual(complaints(dir, 'default.mts', `import client ${from.replace('create(', 'client.create(')}`), []);
  assert.deepStrictEqual(complaints(dir, 'required.cts', `import client = require('sc-cluster-presence-client');\nconst { create } = client;\n${USE}`), []);
});

test('the types refuse wrong use', (t) => {
  const dir = project(t);
  const head = "import { create } from 'sc-cluster-presence-client'; const presence = create({ state: 'open' });\n";
  const wrong = [
    'presence.trackPresence(5);',
    "presence.trackPresence('room', (event) => event.users);",
    "presence.getPresenceData('room', {});",
    "create('socket');",
    "create({ state: 'open' }, { presenceCheckInterval: 'soon' });",
  ];
  wrong.forEach((line, i) => assert.ok(complaints(dir, `wrong${i}.mts`, head + line).length > 0, line));
});

test('the declared methods are those that there are', () => {
  const { PresenceClient } = require(path.join(FOLDER, 'presence-client.js'));
  const declared = [...read('presence-client.d.ts').split('class PresenceClient')[1].split('\n}')[0].matchAll(/^ {2}(\w+)\(/gm)]
    .map((match) => match[1]);
  const real = Object.getOwnPropertyNames(PresenceClient.prototype)
    .filter((name) => !name.startsWith('_') && name !== 'channelListeners');
  assert.deepStrictEqual([...new Set(declared)].sort(), real.sort());
});

// Serves these pages, and the package's files beside them.
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html' };

async function serve(t, pages) {
  const server = http.createServer((request, response) => {
    const name = request.url.slice(1);
    const text = pages[name] || (/^[\w.-]+$/.test(name) && fs.existsSync(path.join(FOLDER, name)) && read(name));
    response.writeHead(text ? 200 : 404, { 'Content-Type': TYPES[path.extname(name)] || 'text/plain' });
    response.end(text || '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test('a browser takes it as script and as module', async (t) => {
  const origin = await serve(t, {
    'script.html': '<script src="/presence-client.js"></script><script>window.kind = typeof scStatelessPresenceClient.create;</script>',
    'module.html': `<script type="module">
      import presence, { create } from '/presence-client.mjs';
      window.kind = create === presence.create && typeof create;
    </script>`,
  });
  const browser = await launchChromium();
  t.after(() => browser.close());
  for (const name of ['script', 'module']) {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${origin}/${name}.html`);
    await page.waitForFunction(() => window.kind !== undefined);
    assert.strictEqual(await page.evaluate(() => window.kind), 'function', name);
    assert.deepStrictEqual(errors, []);
  }
});
