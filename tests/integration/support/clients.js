'use strict';
// The published clients of both generations behind one face. Everything that a client reports goes into `events`, an Inbox of
// { type, ... }; messages of a channel into `messages(channel)`.

const { Inbox, until, within } = require('./wait');

// The clients leave timers behind when they disconnect, the presence client one for ever: no process shall wait for them.
for (const name of ['setTimeout', 'setInterval']) {
  const original = globalThis[name];
  globalThis[name] = (...args) => original(...args).unref();
}

// Releases of socketcluster-client, the last of each line, and 5.0.6, which is older than codecs. By protocol: 1 (event
// emitters, callbacks) and 2 (streams, promises).
const RELEASES = [
  { name: '5.0.6', alias: 'scc50', protocol: 1 },
  { name: '5.5.2', alias: 'scc5', protocol: 1 },
  { name: '6.4.0', alias: 'scc6', protocol: 1 },
  { name: '7.0.2', alias: 'scc7', protocol: 1 },
  { name: '8.0.2', alias: 'scc8', protocol: 1 },
  { name: '9.0.4', alias: 'scc9', protocol: 1 },
  { name: '10.1.2', alias: 'scc10', protocol: 1 },
  { name: '11.2.2', alias: 'scc11', protocol: 1 },
  { name: '13.0.1', alias: 'scc13', protocol: 1 },
  { name: '14.3.2', alias: 'scc14', protocol: 1 },
  { name: '15.1.0', alias: 'scc15', protocol: 2 },
  { name: '16.1.1', alias: 'scc16', protocol: 2 },
  { name: '17.2.2', alias: 'scc17', protocol: 2 },
  { name: '18.3.0', alias: 'scc18', protocol: 2 },
  { name: '19.2.7', alias: 'scc19', protocol: 2 },
  { name: '20.0.2', alias: 'scc20', protocol: 2 },
];

// sc-codec-min-bin 2.0.0 and 3.0.0. Clients 5 to 5.1 know no codec.
const CODECS = ['scmb2', 'scmb3'];

// A few of them: for tests that need a cluster for each.
const FEW = ['5.5.2', '6.4.0', '10.1.2', '14.3.2', '16.1.1', '20.0.2'];
const VERSIONS = RELEASES.filter((release) => FEW.includes(release.name));

const DEFAULTS = {
  hostname: '127.0.0.1',
  multiplex: false, // 5 to 9 would share one connection among all clients of a process
  autoReconnect: false,
};

class Client {
  // options: those of the client library, and `codec`, one of CODECS.
  static create(version, port, { codec, ...options } = {}) {
    const entry = RELEASES.find((known) => known.name === version || known.alias === version);
    const Kind = entry.protocol === 1 ? EmitterClient : StreamClient;
    if (codec !== undefined) options.codecEngine = require(codec);
    return new Kind(entry, { ...DEFAULTS, port, ...options });
  }

  // Created and open; closed when the test ends.
  static async of(t, version, port, options) {
    const client = Client.create(version, port, options);
    t.after(() => client.close());
    await client.opened();
    return client;
  }

  constructor(version, options) {
    this.version = version;
    this.events = new Inbox(`client ${version.name}`);
    this.inboxes = new Map();
    this.tokens = new Map();
    this.received = []; // each WebSocket message as it came: texts, or bytes
    this.sent = []; // likewise, of the first connection
    this.socket = this.open(require(version.alias), { ...options, authEngine: this.authEngine() });
    this.recordSent();
  }

  // Notes what goes out, from the first byte on: the library has opened its WebSocket, but not yet written to it.
  recordSent() {
    if (!this.socket.transport) return;
    const { socket } = this.socket.transport;
    const send = socket.send;
    socket.send = (data, ...more) => {
      this.sent.push(data);
      return send.call(socket, data, ...more);
    };
  }

  // The token that the client has stored and would present; null if there is none.
  get storedToken() {
    const [token = null] = this.tokens.values();
    return token;
  }

  // The next thing reported of that type.
  event(type, accept = () => true) {
    return this.events.next((item) => item.type === type && accept(item), `the event ${type}`);
  }

  report(type, more) {
    this.events.push({ type, ...more });
  }

  // Resolves with { id, isAuthenticated, authError } of the next connect event.
  opened() {
    return this.event('connect');
  }

  get id() {
    return this.socket.id;
  }

  get claims() {
    return this.socket.authToken || null;
  }

  get isAuthenticated() {
    return this.socket.authState === 'authenticated';
  }

  login(claims) {
    return this.call('login', claims);
  }

  messages(channel) {
    if (!this.inboxes.has(channel)) {
      this.inboxes.set(channel, new Inbox(`${channel} of client ${this.version.name}`));
      this.watch(channel, this.inboxes.get(channel));
    }
    return this.inboxes.get(channel);
  }

  message(channel, accept) {
    return this.messages(channel).next(accept, `a message of ${channel}`);
  }

  until(what, probe) {
    return until(`${what} (client ${this.version.name})`, () => probe(this));
  }

  close() {
    try {
      this.socket.disconnect();
    } catch (error) {
      this.report('error', { error });
    }
  }
}

// Protocol 1: 5 to 14.
class EmitterClient extends Client {
  // Where the library keeps its token: `this.tokens`. A token in `options.token` lies there from the beginning.
  authEngine() {
    return {
      saveToken: (name, token, options, done) => {
        this.tokens.set(name, token);
        if (done) done(null, token);
      },
      removeToken: (name, done) => {
        const token = this.tokens.get(name);
        this.tokens.delete(name);
        if (done) done(null, token);
      },
      loadToken: (name, done) => done(null, this.tokens.get(name) || null),
    };
  }

  open(library, { token, ...options }) {
    if (token !== undefined) this.tokens.set(options.authTokenName || 'socketCluster.authToken', token);
    const socket = (library.connect || library.create)(options);
    socket.on('message', (message) => this.received.push(message));
    socket.on('connect', (status) => this.report('connect', status));
    socket.on('connectAbort', (code, reason) => this.report('connectAbort', { code, reason }));
    socket.on('disconnect', (code, reason) => this.report('disconnect', { code, reason }));
    socket.on('error', (error) => this.report('error', { error }));
    socket.on('raw', (data) => this.report('raw', { data }));
    socket.on('kickOut', (message, channel) => this.report('kickOut', { message, channel }));
    socket.on('subscribe', (channel) => this.report('subscribe', { channel }));
    socket.on('subscribeFail', (error, channel) => this.report('subscribeFail', { error, channel }));
    socket.on('authStateChange', (change) => this.report('authStateChange', { state: change.newState || change }));
    return socket;
  }

  // Turns a call with a callback into a promise.
  callback(what, start) {
    return within(`${what} (client ${this.version.name})`, new Promise((resolve, reject) => {
      start((error, data) => (error ? reject(error) : resolve(data)));
    }));
  }

  call(event, data) {
    return this.callback(`the answer to ${event}`, (done) => this.socket.emit(event, data, done));
  }

  transmit(event, data) {
    this.socket.emit(event, data);
  }

  handle(event, answer) {
    this.socket.on(event, (data, respond) => {
      const result = answer(data);
      if (!respond) return;
      if (result instanceof Error) respond(result);
      else respond(null, result);
    });
  }

  // Resolves when the subscription stands; rejects with the error of the server.
  subscribe(channel, options) {
    return this.callback(`the subscription of ${channel}`, (done) => {
      const handle = this.socket.subscribe(channel, options);
      handle.on('subscribe', () => done(null));
      handle.on('subscribeFail', (error) => done(error));
    });
  }

  unsubscribe(channel) {
    this.socket.unsubscribe(channel);
  }

  isSubscribed(channel) {
    return this.socket.isSubscribed(channel);
  }

  watch(channel, inbox) {
    this.socket.watch(channel, (data) => inbox.push(data));
  }

  publish(channel, data) {
    return this.callback(`the acknowledgement of ${channel}`, (done) => this.socket.publish(channel, data, done));
  }

  authenticate(token) {
    return this.callback('the answer to #authenticate', (done) => this.socket.authenticate(token, done));
  }

  deauthenticate() {
    return this.callback('the end of the token', (done) => this.socket.deauthenticate(done));
  }

  disconnect(code, reason) {
    this.socket.disconnect(code, reason);
  }
}

// Protocol 2: 15 to 20.
class StreamClient extends Client {
  authEngine() {
    return {
      saveToken: async (name, token) => {
        this.tokens.set(name, token);
        return token;
      },
      removeToken: async (name) => {
        const token = this.tokens.get(name);
        this.tokens.delete(name);
        return token;
      },
      loadToken: async (name) => this.tokens.get(name) || null,
    };
  }

  open(library, { token, ...options }) {
    const socket = library.create({ ...options, autoConnect: false });
    if (token !== undefined) this.tokens.set(socket.options.authTokenName, token);
    this.each(socket.listener('message'), ({ message }) => this.received.push(message));
    const types = ['connect', 'connectAbort', 'disconnect', 'error', 'kickOut', 'subscribe'];
    for (const type of types) this.each(socket.listener(type), (event) => this.report(type, event));
    this.each(socket.listener('authStateChange'), (change) => this.report('authStateChange', { state: change.newAuthState }));
    this.each(socket.listener('raw'), (event) => this.report('raw', { data: event.message }));
    this.each(socket.listener('subscribeFail'), ({ error, channel }) => this.report('subscribeFail', { error, channel }));
    if (options.autoConnect !== false) socket.connect();
    return socket;
  }

  async each(stream, take) {
    for await (const item of stream) take(item);
  }

  promise(what, promise) {
    return within(`${what} (client ${this.version.name})`, promise);
  }

  call(event, data) {
    return this.promise(`the answer to ${event}`, this.socket.invoke(event, data));
  }

  transmit(event, data) {
    this.socket.transmit(event, data);
  }

  handle(event, answer) {
    this.each(this.socket.procedure(event), (request) => {
      const result = answer(request.data);
      if (result instanceof Error) request.error(result);
      else request.end(result);
    });
    this.each(this.socket.receiver(event), answer);
  }

  subscribe(channel, options) {
    const handle = this.socket.subscribe(channel, options);
    return this.promise(`the subscription of ${channel}`, Promise.race([
      handle.listener('subscribe').once(),
      handle.listener('subscribeFail').once().then(({ error }) => {
        throw error;
      }),
    ]));
  }

  unsubscribe(channel) {
    this.socket.unsubscribe(channel);
  }

  isSubscribed(channel) {
    return this.socket.isSubscribed(channel);
  }

  watch(channel, inbox) {
    this.each(this.socket.channel(channel), (data) => inbox.push(data));
  }

  publish(channel, data) {
    return this.promise(`the acknowledgement of ${channel}`, this.socket.invokePublish(channel, data));
  }

  authenticate(token) {
    return this.promise('the answer to #authenticate', this.socket.authenticate(token));
  }

  deauthenticate() {
    return this.promise('the end of the token', this.socket.deauthenticate());
  }

  disconnect(code, reason) {
    this.socket.disconnect(code, reason);
  }
}

// The published presence client on a client of protocol 1.
function trackPresence(client, channels, options = { presenceCheckInterval: 200 }) {
  const { create } = require('sc-stateless-presence/client');
  const presence = create(client.socket, options);
  const changes = new Inbox(`presence of client ${client.version.name}`);
  const track = (channel) => presence.trackPresence(channel, ({ action, username }) => changes.push({ channel, action, username }));
  channels.forEach(track);
  return {
    client,
    track,
    changes,
    presence,
    list: (channel = channels[0]) => presence.getPresenceList(channel).sort(),
    change: (action, username) =>
      changes.next((item) => item.action === action && item.username === username, `${action} of ${username}`),
    untilList: (expected, channel = channels[0]) =>
      until(`the list ${JSON.stringify(expected)}`, () => {
        const now = presence.getPresenceList(channel).sort();
        return JSON.stringify(now) === JSON.stringify(expected);
      }),
  };
}

module.exports = { CODECS, Client, RELEASES, VERSIONS, trackPresence };
