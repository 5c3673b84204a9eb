/*
 * demo.js: the page. It shows what socket.js hears and the presence client knows, and sends what people type.
 *
 * The token lies in sessionStorage, so each tab may be somebody else, and a reloaded tab stays who it was.
 * Everything that people write gets onto the page as text, never as HTML.
 */
import { Socket } from './socket.js';

const { create } = globalThis.scStatelessPresenceClient; // presence-client.js, a script of the page

const TOKEN_KEY = 'sc-cluster-demo-token';
const ROOM_FIRST = 'lobby';
const ROOM_CHARACTERS = 40;
const LOG_ENTRIES = 300;

const $ = (id) => document.getElementById(id);

let socket;
let presence;
let myName = null;
let room = null;

const channelOf = (name) => `room/${name}`;

/* ---- Who we are ---------------------------------------------------------------------------------------- */

function onToken(token) {
  const username = socket.authToken?.username ?? null;
  if (token) sessionStorage.setItem(TOKEN_KEY, token);
  else sessionStorage.removeItem(TOKEN_KEY);
  myName = username === null ? null : String(username);
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

async function setStatus(event) {
  event.preventDefault();
  $('status-error').textContent = '';
  try {
    await socket.request('demo:status', { status: $('status').value.trim() });
  } catch (error) {
    $('status-error').textContent = error.message;
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
  presence.untrackPresence(channelOf(room), onPresence);
  socket.unwatch(channelOf(room), showMessage);
  socket.unsubscribe(channelOf(room));
  room = null;
  showPeople();
}

function enterRoom(name) {
  if (name === room) return;
  leaveRoom();
  room = name;
  location.hash = encodeURIComponent(name);
  $('room-title').textContent = name;
  $('log').replaceChildren();
  $('say-error').textContent = '';
  for (const button of document.querySelectorAll('[data-room]')) {
    button.setAttribute('aria-pressed', String(button.dataset.room === name));
  }
  note(`You are in ${name}`);
  socket.watch(channelOf(name), showMessage);
  socket.subscribe(channelOf(name));
  presence.trackPresence(channelOf(name), onPresence);
  showPeople();
}

/* ---- Presence ------------------------------------------------------------------------------------------- */

/* Who joins before the list is complete was there before us. */
const onPresence = {
  join({ username }) {
    showPeople();
    if (presence.isReady(channelOf(room)) && String(username) !== myName) note(`${username} came in`);
  },
  leave({ username }) {
    showPeople();
    if (String(username) !== myName) note(`${username} left`);
  },
  update: showPeople,
  ready: showPeople,
  fail({ error }) {
    note(`Who is here can't be seen: ${error.message}`);
    showPeople();
  },
};

/* ---- What is said ---------------------------------------------------------------------------------------- */

async function say(event) {
  event.preventDefault();
  const text = $('text').value.trim();
  $('say-error').textContent = '';
  if (!text) return;
  try {
    await socket.request('#publish', { channel: channelOf(room), data: { text } });
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
  const words = element('div', 'words');
  item.dataset.user = name;
  words.append(element('span', 'name', name === myName ? `${name} (you)` : name), element('span', 'status'));
  item.append(avatar(name), words);
  return item;
}

/* One's own is in the token, and so known before the server has told everybody. */
function statusOf(name) {
  const data = name === myName ? socket.authToken?.presence : presence.getPresenceData(channelOf(room), name);
  return typeof data?.status === 'string' ? data.status : '';
}

function byName(one, other) {
  return one.localeCompare(other);
}

/* Keeps the items of those who stay, so that only newcomers fade in. */
function showPeople() {
  const items = new Map([...$('people').children].map((item) => [item.dataset.user, item]));
  const names = room === null ? [] : presence.getPresenceList(channelOf(room)).sort(byName);
  const isComplete = room !== null && socket.state === 'open' && presence.isReady(channelOf(room));

  $('people').replaceChildren(...names.map((name) => items.get(name) ?? person(name)));
  for (const item of $('people').children) {
    const status = item.querySelector('.status');
    status.textContent = statusOf(item.dataset.user);
    item.title = status.textContent;
  }
  $('count').textContent = String(names.length);
  $('people').setAttribute('aria-busy', String(!isComplete));
  $('people-state').textContent = isComplete ? '' : 'Finding out who is here …';
}

function show() {
  $('login-view').hidden = myName !== null;
  $('chat-view').hidden = myName === null;
  $('me').hidden = myName === null;
  $('my-name').textContent = myName ?? '';
  $('status').value = socket.authToken?.presence?.status ?? '';
  showPeople();
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

function onConnect() {
  showConnection('open');
  showWhere();
}

function onDisconnect() {
  showConnection('closed');
  showPeople();
}

function onSubscribeFail(error, channel) {
  if (room !== null && channel === channelOf(room)) showSayError(error);
}

function onKickOut(message, channel) {
  if (room !== null && channel === channelOf(room)) note(message ?? 'You were asked to leave');
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

  presence = create(socket);
  socket.on('connect', onConnect);
  socket.on('disconnect', onDisconnect);
  socket.on('authTokenChange', onToken);
  socket.on('subscribeFail', onSubscribeFail);
  socket.on('kickOut', onKickOut);
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
  $('status-form').addEventListener('submit', setStatus);

  showConnection('connecting');
  onToken(token);
  socket.connect();
}

start();
