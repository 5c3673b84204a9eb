/*
 * socket.js: a client of the SocketCluster protocol, as much of it as the page needs. docs/protocol.md has the rest. To the
 * presence client it looks like a socket of socketcluster-client.
 *
 * Events, for `on` and `off`:
 *   connect(status)                 the handshake is done; `status.id` is the socket's
 *   disconnect(code, delay)         the connection is gone; the next try is in `delay` milliseconds
 *   authTokenChange(token)          the server gave a token, or took it away (null)
 *   authenticate(token)             the same for tokens alone
 *   subscribe(channel), subscribeFail(error, channel), kickOut(message, channel)
 */

const ANSWER_TIMEOUT = 10000;
const PING_TIMEOUT = 20000; // until the handshake's answer tells
const RETRY_FIRST = 1000;
const RETRY_GROWTH = 1.5;
const RETRY_MOST = 15000;

/* After these the server is known to be there: no ping came, no pong came, and an empty close frame. */
const CODES_RETRIED_AT_ONCE = [4000, 4001, 1005];

/* The claims of a token: base64url of JSON between two dots. */
function claimsOf(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/* Functions by name: of events, of channels. */
class Listeners {
  #byName = new Map();

  add(name, listener) {
    if (!this.#byName.has(name)) this.#byName.set(name, new Set());
    this.#byName.get(name).add(listener);
  }

  remove(name, listener) {
    this.#byName.get(name)?.delete(listener);
  }

  call(name, ...values) {
    for (const listener of [...(this.#byName.get(name) ?? [])]) listener(...values);
  }
}

export class Socket {
  #url;
  #ws = null;
  #token;
  #cid = 0;
  #calls = new Map(); // cid: {resolve, reject, timer}
  #channels = new Map(); // subscribed again on each connection: data for the server
  #events = new Listeners();
  #watchers = new Listeners();
  #pingTimeout = PING_TIMEOUT;
  #pingTimer = null;
  #retryTimer = null;
  #tries = 0;

  /** The socket's id; null while there is no connection. */
  id = null;

  /** What the token says; null without one. */
  authToken = null;

  constructor(url, token) {
    this.#url = url;
    this.#token = token;
    this.authToken = claimsOf(token);
  }

  get state() {
    if (this.id !== null) return 'open';
    return this.#ws ? 'connecting' : 'closed';
  }

  on(event, listener) {
    this.#events.add(event, listener);
  }

  off(event, listener) {
    this.#events.remove(event, listener);
  }

  /** The listener gets what is published on a channel. */
  watch(channel, listener) {
    this.#watchers.add(channel, listener);
  }

  unwatch(channel, listener) {
    this.#watchers.remove(channel, listener);
  }

  connect() {
    clearTimeout(this.#retryTimer);
    if (this.#ws) return;
    const ws = new WebSocket(this.#url);
    this.#ws = ws;
    ws.onopen = () => this.#shakeHands();
    ws.onmessage = (event) => this.#receive(event.data);
    ws.onclose = (event) => this.#closed(event.code);
    this.#expectPing();
  }

  /** Sends an event and gives its answer; rejects with an Error whose `name` is the server's. */
  request(event, data) {
    if (!this.#ws || this.#ws.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error('There is no connection'));
    }
    const cid = ++this.#cid;
    this.#send({ event, data, cid });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(cid, new Error('The server did not answer')), ANSWER_TIMEOUT);
      this.#calls.set(cid, { resolve, reject, timer });
    });
  }

  /** Sends an event without an answer; nothing without a connection. */
  emit(event, data) {
    if (this.#ws && this.#ws.readyState === WebSocket.OPEN) this.#send({ event, data });
  }

  /** Publishes; `request('#publish', ...)` waits until the server has it. */
  publish(channel, data) {
    this.emit('#publish', { channel, data });
  }

  /** Subscribes, now and after each reconnection. `data` is for the server. */
  subscribe(channel, { data } = {}) {
    this.#channels.set(channel, data);
    if (this.state === 'open') this.#subscribe(channel);
  }

  unsubscribe(channel) {
    if (this.#channels.delete(channel)) this.emit('#unsubscribe', channel);
  }

  isSubscribed(channel) {
    return this.#channels.has(channel);
  }

  /** Gives up the token. */
  deauthenticate() {
    this.emit('#removeAuthToken');
    this.#setToken(null);
  }

  #send(packet) {
    this.#ws.send(JSON.stringify(packet));
  }

  async #subscribe(channel) {
    try {
      await this.request('#subscribe', { channel, data: this.#channels.get(channel) });
      this.#events.call('subscribe', channel);
    } catch (error) {
      if (this.state === 'open' && this.#channels.delete(channel)) this.#events.call('subscribeFail', error, channel);
    }
  }

  async #shakeHands() {
    try {
      const { id, isAuthenticated, pingTimeout } = await this.request('#handshake', { authToken: this.#token });
      this.id = id;
      this.#tries = 0;
      this.#pingTimeout = pingTimeout;
      this.#expectPing();
      if (this.#token && !isAuthenticated) this.#setToken(null); // the server has another key now
      for (const channel of this.#channels.keys()) this.#subscribe(channel);
      this.#events.call('connect', { id, isAuthenticated });
    } catch {
      this.#drop(4003);
    }
  }

  /* Only pings show that the server is alive: they come whatever else is going on. */
  #expectPing() {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#drop(4000), this.#pingTimeout);
  }

  #receive(text) {
    if (text === '' || text === '#1') { // the pings of protocols 2 and 1
      this.#ws.send(text === '' ? '' : '#2');
      this.#expectPing();
      return;
    }
    let packets;
    try {
      packets = JSON.parse(text);
    } catch {
      return;
    }
    for (const packet of Array.isArray(packets) ? packets : [packets]) {
      if (packet && typeof packet.event === 'string') this.#handle(packet);
      else if (packet && packet.rid !== undefined) this.#settle(packet.rid, packet.error, packet.data);
    }
  }

  #handle({ event, data, cid }) {
    if (event === '#publish' && data && this.#channels.has(data.channel)) this.#watchers.call(data.channel, data.data);
    if (event === '#setAuthToken' && data) this.#setToken(data.token);
    if (event === '#removeAuthToken') this.#setToken(null);
    if (event === '#kickOut' && data && this.#channels.delete(data.channel)) {
      this.#events.call('kickOut', data.message, data.channel);
    }
    if (cid !== undefined && event !== '#publish') this.#send({ rid: cid });
  }

  #setToken(token) {
    this.#token = token;
    this.authToken = claimsOf(token);
    this.#events.call('authTokenChange', token);
    if (token) this.#events.call('authenticate', token);
  }

  #settle(cid, error, data) {
    const call = this.#calls.get(cid);
    if (!call) return;
    this.#calls.delete(cid);
    clearTimeout(call.timer);
    if (!error) call.resolve(data);
    else if (error instanceof Error) call.reject(error);
    else call.reject(Object.assign(new Error(error.message ?? String(error)), { name: error.name ?? 'Error' }));
  }

  /* Closes, and does not wait for the other side's close frame. */
  #drop(code) {
    const ws = this.#ws;
    if (!ws) return;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.close(code);
    this.#closed(code);
  }

  #closed(code) {
    this.#ws = null;
    this.id = null;
    this.#pingTimeout = PING_TIMEOUT;
    clearTimeout(this.#pingTimer);
    for (const cid of [...this.#calls.keys()]) this.#settle(cid, new Error('The connection was lost'));
    const delay = this.#nextDelay(code);
    this.#retryTimer = setTimeout(() => this.connect(), delay);
    this.#events.call('disconnect', code, delay);
  }

  /* The first try after a lost connection may come at once, the later ones further and further apart, at random
   * so that not all come together. */
  #nextDelay(code) {
    const tries = this.#tries++;
    if (tries === 0 && CODES_RETRIED_AT_ONCE.includes(code)) return Math.random() * 250;
    const most = Math.min(RETRY_FIRST * RETRY_GROWTH ** tries, RETRY_MOST);
    return most * (0.5 + Math.random() / 2);
  }
}
