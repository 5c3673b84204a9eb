/*
 * socket.js: a client of the SocketCluster protocol, as much of it as the page needs. docs/protocol.md has the rest.
 *
 * Events (CustomEvent, with `detail`):
 *   open     {id, isAuthenticated}  the handshake is done; what was subscribed before is subscribed again right after
 *   close    {code, delay}          the connection is gone; the next try is in `delay` milliseconds
 *   token    string or null         the server gave a token, or took it away
 *   message  {channel, data}        somebody published
 *   kick     {channel, message}     the server ended a subscription
 */

const ANSWER_TIMEOUT = 10000;
const PING_TIMEOUT = 20000; // until the handshake's answer tells
const RETRY_FIRST = 1000;
const RETRY_GROWTH = 1.5;
const RETRY_MOST = 15000;

/* After these the server is known to be there: no ping came, no pong came, and an empty close frame. */
const CODES_RETRIED_AT_ONCE = [4000, 4001, 1005];

export class Socket extends EventTarget {
  #url;
  #ws = null;
  #token;
  #cid = 0;
  #calls = new Map(); // cid: {resolve, reject, timer}
  #channels = new Set(); // subscribed again on each connection
  #pingTimeout = PING_TIMEOUT;
  #pingTimer = null;
  #retryTimer = null;
  #tries = 0;

  /** The socket's id; null while there is no connection. */
  id = null;

  constructor(url, token) {
    super();
    this.#url = url;
    this.#token = token;
  }

  get isOpen() {
    return this.id !== null;
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

  /** Publishes and waits until the server has it. */
  publish(channel, data) {
    return this.request('#publish', { channel, data });
  }

  /** Subscribes, now and after each reconnection. */
  subscribe(channel) {
    this.#channels.add(channel);
    return this.isOpen ? this.request('#subscribe', { channel }) : Promise.resolve();
  }

  unsubscribe(channel) {
    this.#channels.delete(channel);
    this.emit('#unsubscribe', channel);
  }

  /** Gives up the token. */
  deauthenticate() {
    this.emit('#removeAuthToken');
    this.#setToken(null);
  }

  #send(packet) {
    this.#ws.send(JSON.stringify(packet));
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  async #shakeHands() {
    try {
      const { id, isAuthenticated, pingTimeout } = await this.request('#handshake', { authToken: this.#token });
      this.id = id;
      this.#tries = 0;
      this.#pingTimeout = pingTimeout;
      this.#expectPing();
      this.#tell('open', { id, isAuthenticated });
      for (const channel of this.#channels) this.subscribe(channel).catch(() => {});
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
    if (event === '#publish' && data) this.#tell('message', data);
    if (event === '#setAuthToken' && data) this.#setToken(data.token);
    if (event === '#removeAuthToken') this.#setToken(null);
    if (event === '#kickOut' && data && this.#channels.delete(data.channel)) this.#tell('kick', data);
    if (cid !== undefined && event !== '#publish') this.#send({ rid: cid });
  }

  #setToken(token) {
    this.#token = token;
    this.#tell('token', token);
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
    this.#tell('close', { code, delay });
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
