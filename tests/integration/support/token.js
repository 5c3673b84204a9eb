'use strict';
// Auth tokens (RFC 7519), HMAC only: what a server of the user's own would make.

const crypto = require('node:crypto');
const { AUTH_KEY } = require('./cluster');

const HASH = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(alg, text, key) {
  return crypto.createHmac(HASH[alg], key).update(text).digest('base64url');
}

// `header`: further members of it, which may change `alg` without changing what is really used.
function sign(claims, { alg = 'HS256', key = AUTH_KEY, header = {} } = {}) {
  const text = `${encode({ alg, typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${text}.${signature(alg, text, key)}`;
}

// { header, claims } of a token whose signature is good; throws otherwise.
function verify(token, key = AUTH_KEY) {
  const [head, body, mac] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  if (signature(header.alg, `${head}.${body}`, key) !== mac) throw new Error('a token with a wrong signature');
  return { header, claims: JSON.parse(Buffer.from(body, 'base64url')) };
}

function nowS() {
  return Math.floor(Date.now() / 1000);
}

module.exports = { nowS, sign, verify };
