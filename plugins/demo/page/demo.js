/*
 * demo.js: the page. It shows what socket.js hears and roster.js knows, and sends what people type.
 *
 * The token lies in sessionStorage, so each tab may be somebody else, and a reloaded tab stays who it was.
 * Everything that people write gets onto the page as text, never as HTML.
 */
import { Roster } from './roster.js';
import { Socket } from './socket.js';

const TOKEN_KEY = 'sc-cluster-demo-token';
const ROOM_FIRST = 'lobby';
const ROOM_CHARACTERS = 40;
const LOG_ENTRIES = 300;
const SETTLE_TIME = 1500; // who is heard of within this time was there before us

const $ = (id) => document.getElementById(id);

const roster = new Roster(onPresence);
let socket;
let myName = null;
let room = null;
let settledAt = 0;

const channelOf = (name) => `room/${name}`;
const presenceOf = (name) => `presence>${channelOf(name)}`;

/* ---- Who we are ---------------------------------------------------------------------------------------- */

/* The username in a token, which is base64url of JSON between two dots. */
function nameIn(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const { username } = JSON.parse(new TextDecoder().decode(bytes));
    return username === undefined || username === null ? null : String(username);
  } catch {
    return null;
  }
}

function setToken(token) {
  if (token) sessionStorage.setItem(TOKEN_KEY, token);
  else sessionStorage.removeItem(TOKEN_KEY);
  myName = token ? nameIn(token) : null;
  show();
  if (myName !== null && room === null) enterRoom(roomInAddress());
  if (myName === null) leaveRoom();
}

async function logIn(event) {
  event.preventDefault();
  $('login-error').textContent = '';
  try {
    await socket.request('demo:login', { username: $('name').value });
    $('text').focus();
  } catch (error) {
    $('login-error').textContent = error.message;
  }
}

/* ---- Rooms --------------------------------------------------------------------------------------------- */

function cutRoomName(text) {
  return [...text.trim()].slice(0, ROOM_CHARACTERS).join('');
}

/* The address names the room, so that it can be passed on. */
function roomInAddress() {
  try {
    return cutRoomName(decodeURIComponent(location.hash.slice(1))) || ROOM_FIRST;
  } catch {
    return ROOM_FIRST;
  }
}

function leaveRoom() {
  if (room === null) return;
  socket.unsubscribe(presenceOf(room));
  socket.unsubscribe(channelOf(room));
  room = null;
  roster.clear();
  showPeople();
}

function enterRoom(name) {
  if (name === room) return;
  leaveRoom();
  room = name;
  settledAt = Date.now() + SETTLE_TIME;
  location.hash = encodeURIComponent(name);
  $('room-title').textContent = name;
  $('log').replaceChildren();
  $('say-error').textContent = '';
  for (const button of document.querySelectorAll('[data-room]')) {
    button.setAttribute('aria-pressed', String(button.dataset.room === name));
  }
  note(`You are in ${name}`);
  for (const channel of [channelOf(name), presenceOf(name)]) socket.subscribe(channel).catch(showSayError);
}

/* ---- Presence ------------------------------------------------------------------------------------------- */

/* A join asks those who are there to show themselves to the newcomer, on its own channel. */
function answerJoin({ socketId, timeout }) {
  if (myName === null || typeof socketId !== 'string' || socketId === socket.id) return;
  const pong = { type: 'pong', channel: channelOf(room), username: myName, timeout };
  socket.emit('#publish', { channel: `presence>socket/${socketId}`, data: pong });
}

function onMessage({ channel, data }) {
  if (channel === `presence>socket/${socket.id}`) {
    if (data && data.type === 'pong' && room !== null && data.channel === channelOf(room)) roster.take(data);
    return;
  }
  if (room === null) return;
  if (channel === presenceOf(room)) {
    roster.take(data);
    if (data && data.type === 'join') answerJoin(data);
  } else if (channel === channelOf(room)) {
    showMessage(data);
  }
}

function onPresence({ name, present, how }) {
  showPeople();
  if (name === myName || (present && (how !== 'join' || Date.now() < settledAt))) return;
  note(present ? `${name} came in` : `${name} left`);
}

/* ---- What is said ---------------------------------------------------------------------------------------- */

async function say(event) {
  event.preventDefault();
  const text = $('text').value.trim();
  $('say-error').textContent = '';
  if (!text) return;
  try {
    await socket.publish(channelOf(room), { text });
    if ($('text').value.trim() === text) $('text').value = '';
  } catch (error) {
    showSayError(error);
  }
}

/* ---- On the page ------------------------------------------------------------------------------------------- */

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/* Initials of the first two words, in a colour that belongs to the name. */
function avatar(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [name];
  const initials = words.slice(0, 2).map((word) => [...word][0]).join('').toUpperCase();
  let hue = 0;
  for (const character of name) hue = (hue * 31 + character.codePointAt(0)) % 360;
  const made = element('span', 'avatar', initials);
  made.style.setProperty('--hue', String(hue));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function addToLog(entry) {
  const log = $('log');
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(entry);
  while (log.children.length > LOG_ENTRIES) log.firstElementChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function note(text) {
  addToLog(element('li', 'note', text));
}

function showMessage(data) {
  if (!data || typeof data.text !== 'string') return;
  const from = String(data.from);
  const at = new Date(data.time);
  const time = element('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  const head = element('header', '');
  const bubble = element('div', 'bubble');
  const entry = element('li', from === myName ? 'message mine' : 'message');

  head.append(element('strong', 'from', from), time);
  bubble.append(head, element('p', 'text', data.text));
  entry.append(avatar(from), bubble);
  addToLog(entry);
}

function showSayError(error) {
  $('say-error').textContent = error.message;
}

function person(name) {
  const item = element('li', '');
  item.dataset.user = name;
  item.append(avatar(name), element('span', '', name === myName ? `${name} (you)` : name));
  return item;
}

/* Keeps the items of those who stay, so that only newcomers fade in. */
function showPeople() {
  const items = new Map([...$('people').children].map((item) => [item.dataset.user, item]));
  const names = roster.names;

  $('people').replaceChildren(...names.map((name) => items.get(name) ?? person(name)));
  $('count').textContent = String(names.length);
}

function show() {
  $('login-view').hidden = myName !== null;
  $('chat-view').hidden = myName === null;
  $('me').hidden = myName === null;
  $('my-name').textContent = myName ?? '';
}

function showConnection(state) {
  document.body.dataset.connection = state;
  $('connection').textContent = { open: 'connected', connecting: 'connecting', closed: 'reconnecting' }[state];
  for (const button of document.querySelectorAll('form button')) button.disabled = state !== 'open';
}

async function showWhere() {
  try {
    const { worker, workers } = await socket.request('demo:where');
    $('where').textContent = `This tab is connected to worker ${worker}; the cluster has ${workers}.`;
    document.body.dataset.worker = String(worker);
  } catch {
    $('where').textContent = '';
  }
}

/* ---- The connection ------------------------------------------------------------------------------------------ */

function onOpen({ id }) {
  showConnection('open');
  roster.clear();
  showPeople();
  settledAt = Date.now() + SETTLE_TIME;
  /* This one is of this connection only, so it is not subscribed again. It comes first: answers to what is
   * subscribed next arrive there. */
  socket.request('#subscribe', { channel: `presence>socket/${id}` }).catch(() => {});
  showWhere();
}

async function socketUrl() {
  let path = null;
  try {
    path = (await (await fetch('/demo/settings.json')).json()).path;
  } catch {
    /* The default will do. */
  }
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}${path ?? '/socketcluster/'}`;
}

async function start() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  socket = new Socket(await socketUrl(), token);

  socket.addEventListener('open', (event) => onOpen(event.detail));
  socket.addEventListener('close', () => showConnection('closed'));
  socket.addEventListener('token', (event) => setToken(event.detail));
  socket.addEventListener('message', (event) => onMessage(event.detail));
  socket.addEventListener('kick', (event) => note(event.detail.message ?? 'You were asked to leave'));
  window.addEventListener('online', () => socket.connect());
  window.addEventListener('hashchange', () => {
    if (myName !== null) enterRoom(roomInAddress());
  });

  $('login').addEventListener('submit', logIn);
  $('logout').addEventListener('click', () => socket.deauthenticate());
  $('say').addEventListener('submit', say);
  $('room-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = cutRoomName($('room').value);
    $('room').value = '';
    if (name) enterRoom(name);
  });
  $('rooms').addEventListener('click', (event) => {
    if (event.target.dataset.room) enterRoom(event.target.dataset.room);
  });
  setInterval(() => roster.sweep(), 1000);

  showConnection('connecting');
  setToken(token);
  socket.connect();
}

start();
