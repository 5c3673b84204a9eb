'use strict';
// Keys of all kinds that tokens are signed with, made anew in each run, and the files that options name.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const jwt = require('jsonwebtoken');
const { temporaryDir } = require('./cluster');

function pair(type, options) {
  return crypto.generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function secret() {
  const text = crypto.randomBytes(32).toString('base64');
  return { privateKey: text, publicKey: text };
}

const KEYS = {
  HS: secret(),
  RSA: pair('rsa', { modulusLength: 2048 }),
  P256: pair('ec', { namedCurve: 'P-256' }),
  P384: pair('ec', { namedCurve: 'P-384' }),
  P521: pair('ec', { namedCurve: 'P-521' }),
};

// What each kind of key signs with, the default first.
const ALGORITHMS = {
  HS: ['HS256', 'HS384', 'HS512'],
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  P256: ['ES256'],
  P384: ['ES384'],
  P521: ['ES512'],
};

// A folder of files that is removed when the test ends; `write` gives a file's path.
class KeyFolder {
  constructor(t) {
    this.dir = temporaryDir();
    t.after(() => fs.rmSync(this.dir, { recursive: true, force: true }));
  }

  write(name, text) {
    const file = path.join(this.dir, name);
    fs.writeFileSync(file, text);
    return file;
  }
}

// The options that make this the main key of a cluster.
function mainKey(kind, { publicKey, privateKey } = KEYS[kind]) {
  return kind === 'HS' ? { authKey: privateKey } : { authKey: null, authPublicKey: publicKey, authPrivateKey: privateKey };
}

// A token made by another program.
function issue(kind, algorithm, claims, options = {}, { privateKey } = KEYS[kind]) {
  return jwt.sign(claims, privateKey, { algorithm, ...options });
}

module.exports = { ALGORITHMS, KEYS, KeyFolder, issue, mainKey, pair, secret };
