// Follows what webhooks tell the shop: when the order's version has grown, the page's live part is fetched anew.
const live = () => document.querySelector('[data-version]');

// Nothing is taken out of a hand: who types an amount goes on typing, and a button that is being pressed stays under the finger.
const isInHand = () => live().contains(document.activeElement?.closest('input')) || live().querySelector(':active') !== null;

async function follow() {
  try {
    const path = location.pathname.replace(/\/$/, '');
    const version = await (await fetch(`${path}/version`)).text();
    if (version === live().dataset.version || isInHand()) return;
    const page = new DOMParser().parseFromString(await (await fetch(path)).text(), 'text/html');
    // Somebody may have begun meanwhile: the next turn sees it again.
    if (!isInHand()) live().replaceWith(page.querySelector('[data-version]'));
  } catch {
    // The shop or the platform is being restarted: the next turn sees it again.
  }
}

setInterval(follow, 1000);
