// A shop fulfils each paid order exactly once, from notifications alone: while deliveries are duplicated, late, reordered,
// refused and cut off, and platform and shop are killed with SIGKILL again and again.
//
// SHOP_SEED draws the same chances again: who buys how, after how much somebody is killed, what the storm does to the first
// delivery, the second, and so on. How the processes interleave, and so which delivery is the second, does not come from it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { season } from './season.mjs';

const seed = Number(process.env.SHOP_SEED ?? Date.now() % 2 ** 32);
/** Each with eleven buyers, one of each manner. */
const ROUNDS = 6;

test(`every paid order is fulfilled exactly once, and no other (SHOP_SEED=${seed})`, async (t) => {
  const { findings, counts, kills, orders } = await season({ seed, rounds: ROUNDS });
  t.diagnostic(`${orders.length} orders; killed: ${JSON.stringify(kills)}; the storm: ${JSON.stringify(counts)}`);
  assert.deepEqual(findings, []);
  // It was a storm.
  for (const what of ['delayed', 'copied', 'overtaken', 'refused', 'dropped', 'answersLost']) {
    assert.ok(counts[what] > 0, `nothing was ${what}`);
  }
  assert.ok(kills.platform >= 4 && kills.shop >= 4);
});

// Shops with a well-known mistake each, and what must be found of them.
const DEFECTS = {
  forgets: ['remembers only in memory what it shipped', /was shipped \d+ times/],
  hasty: ['looks whether it shipped before it asks the API', /was shipped \d+ times/],
  trusting: ['takes any notification for a payment', /was shipped and not paid/],
  'half-deaf': ['listens to merchant orders alone', /was paid and not shipped/],
};

/** A mistake that needs two deliveries at one moment may not show in a short season; so many seasons don't hide it. */
const PATIENCE = 8;

describe('what is checked is checked itself', { concurrency: true }, () => {
  for (const [defect, [what, finding]] of Object.entries(DEFECTS)) {
    test(`a shop that ${what} is found out`, async (t) => {
      for (let nth = 0; nth < PATIENCE; nth += 1) {
        const { findings } = await season({ seed: seed + nth, rounds: 1, defect });
        if (!findings.some((found) => finding.test(found))) continue;
        t.diagnostic(`found out in season ${nth + 1}`);
        return;
      }
      assert.fail(`seeds ${seed} to ${seed + PATIENCE - 1}: nothing was found`);
    });
  }
});
