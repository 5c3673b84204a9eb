'use strict';
// JSON values at random, always the same ones: each kind, with a taste for the borders of encodings.

const BORDERS = [0, 15, 16, 31, 32, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53];
const CHARACTERS = ['a', 'Z', ' ', '"', '\\', '/', '\n', '\t', '\0', '\x1f', '\x7f', 'ä', '€', '\u2028', '\uffff', '😀', '\u{10ffff}'];

// A generator of numbers from 0 to 2^32 - 1 (xorshift).
function generator(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function number(random) {
  const sign = random(2) === 0 ? 1 : -1;
  const border = BORDERS[random(BORDERS.length)];
  const all = [
    () => border,
    () => border + 1,
    () => (border - 1) / 2,
    () => random(2 ** 32) / 1000,
    () => random(1000) * 10 ** (random(600) - 300),
    () => random(2 ** 32) * 2 ** 20 + 0.1,
  ];
  return sign * all[random(all.length)]() + 0; // + 0: there is no -0 in JSON's texts
}

function string(random) {
  const lengths = [random(6), random(40), BORDERS[random(9)], random(20) === 0 ? 65530 + random(10) : 3];
  const length = lengths[random(lengths.length)];
  if (length > 100) return 'x'.repeat(length - 1) + CHARACTERS[random(CHARACTERS.length)];
  return Array.from({ length }, () => CHARACTERS[random(CHARACTERS.length)]).join('');
}

function count(random) {
  return random(30) === 0 ? 15 + random(3) : random(4);
}

function object(random, depth) {
  const entries = Array.from({ length: count(random) }, () => [string(random), value(random, depth + 1)]);
  return Object.fromEntries(entries.filter(([name]) => name !== '__proto__'));
}

function value(random, depth = 0) {
  const scalars = [() => null, () => true, () => false, () => number(random), () => number(random), () => string(random)];
  const containers = [() => Array.from({ length: count(random) }, () => value(random, depth + 1)), () => object(random, depth)];
  const all = depth < 5 ? [...scalars, ...containers, ...containers] : scalars;
  return all[random(all.length)]();
}

// So many values, and some that are long.
function values(amount, seed = 2463534242) {
  const random = generator(seed);
  const long = [15, 16, 255, 256, 65535, 65536].map((length) => Array.from({ length }, (item, i) => i % 7));
  return [...Array.from({ length: amount }, () => value(random)), ...long];
}

module.exports = { values };
