// Pictures of pages, compared with those in `looks/`: tolerant of how a font draws its letters, not of a button that is
// gone, a color that changed, or a line that moved.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const KEPT = new URL('./looks/', import.meta.url).pathname;
const SEEN = new URL('../../target/looks/', import.meta.url).pathname;
const RENEW = process.env.PASARELA_RENEW_LOOKS === '1';

/** Pixels of a block's side: averages over it forgive how letters are smoothed. */
const BLOCK = 6;
/** How far the average color of a block may be off, of 255. */
const MOST_OFF = 18;
/** How many of the blocks may be off. A button's color is about 1.5 %, a word that is gone 0.3 %. */
export const MOST_SHARE = 0.004;

/** Half the size, so that the pictures stay small. */
export const SCALE = 0.5;

/** What differs from run to run, made the same: ids, dates, codes. The caret does not blink. */
export async function still(page) {
  const challenge = page.frame({ name: 'challenge' });
  for (const frame of [page.mainFrame(), ...(challenge ? [challenge] : [])]) await frame.evaluate(async () => {
    const trees = [document, ...[...document.querySelectorAll('*')].flatMap(({ shadowRoot }) => shadowRoot ?? [])];
    const images = trees.flatMap((tree) => [...tree.querySelectorAll('img')]).filter((image) => image.getBoundingClientRect().top < innerHeight);
    await Promise.all(images.filter((image) => !image.complete).map((image) => new Promise((resolve) => (image.onload = image.onerror = resolve))));
    const each = (selector, change) => trees.forEach((tree) => tree.querySelectorAll(selector).forEach(change));
    const same = (selector, text) => each(selector, (element) => (element.textContent = text));
    same('time', '1 / 1 / 2027');
    same('[data-live]', '23 h 59 min');
    // What the page hears next is not written over it.
    each('[data-live]', (text) => text.removeAttribute('data-live'));
    same('.facts dd.digits:not(.price)', '1234 5678');
    same('.number .digits', '1234 5678 9012 3456');
    each('.code svg', (code) => {
      const { width, height } = code.getBoundingClientRect();
      const box = document.createElement('canvas');
      box.style.cssText = `display:block;width:${width}px;height:${height}px;background:#777`;
      code.replaceWith(box);
    });
    each('img.code, .qr img', (code) => Object.assign(code.style, { background: '#777', objectPosition: '-9999px' }));
    // Bricks, and the demo shop: there the code beside a page is another one with each change.
    same('.brick .facts dd', '1234');
    same('.brick p.digits', '1234 5678 9012 3456');
    same('.payment .digits.small, .timeline code', '1234 5678');
    each('.qr textarea', (text) => (text.value = '1234 5678 9012 3456'));
    each('aside.code details', (shown) => (shown.style.visibility = 'hidden'));
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
}

/** Waits until a frame has drawn what it holds; one that is not shown draws nothing. */
const drawn = (frame) =>
  frame.evaluate(() => new Promise((resolve) => {
    if (innerHeight === 0 || document.hidden) resolve();
    else requestAnimationFrame(() => requestAnimationFrame(resolve));
  }));

export async function look(page, name) {
  await page.waitForLoadState();
  await still(page);
  await Promise.all(page.frames().map(drawn));
  const seen = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  const file = `${KEPT}${name}.png`;
  if (RENEW) {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(file, seen);
    return;
  }
  assert.ok(existsSync(file), `there is no picture of ${name} yet: npm run looks`);
  const share = await difference(page.context(), readFileSync(file), seen);
  if (share <= MOST_SHARE) return;
  mkdirSync(SEEN, { recursive: true });
  writeFileSync(`${SEEN}${name}.png`, seen);
  assert.fail(`${name} looks otherwise: ${(share * 100).toFixed(2)} % of it differs. Compare target/looks/${name}.png with web/tests/looks/${name}.png; if it is right, npm run looks`);
}

/** The share of blocks that differ; 1 when the sizes do. */
export async function difference(context, one, other) {
  const page = await context.browser().newPage();
  try {
    return await page.evaluate(async ([one, other, block, most]) => {
      const pixels = async (base64) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
        canvas.drawImage(image, 0, 0);
        return canvas.getImageData(0, 0, image.width, image.height);
      };
      const [a, b] = [await pixels(one), await pixels(other)];
      if (a.width !== b.width || a.height !== b.height) return 1;
      let off = 0;
      let blocks = 0;
      for (let top = 0; top < a.height; top += block) {
        for (let left = 0; left < a.width; left += block) {
          const sums = [0, 0, 0];
          let count = 0;
          for (let y = top; y < Math.min(top + block, a.height); y += 1) {
            for (let x = left; x < Math.min(left + block, a.width); x += 1) {
              const at = (y * a.width + x) * 4;
              for (let part = 0; part < 3; part += 1) sums[part] += a.data[at + part] - b.data[at + part];
              count += 1;
            }
          }
          blocks += 1;
          if (sums.some((sum) => Math.abs(sum / count) > most)) off += 1;
        }
      }
      return off / blocks;
    }, [one.toString('base64'), other.toString('base64'), BLOCK, MOST_OFF]);
  } finally {
    await page.close();
  }
}
