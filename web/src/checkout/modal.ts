// In a frame over the shop's page the way back is the shop's to go: it is told where to, shortly before this page would go
// there itself. Only a page of the address's own origin hears it.

/** How much sooner the shop is told, in seconds. */
const SOONER = 1;

export function leaveOverPage(): void {
  if (parent === window) return;
  const refresh = document.querySelector<HTMLMetaElement>('meta[http-equiv="refresh"]')?.content ?? '';
  const [seconds, address] = refresh.split(/;url=/);
  if (!address) return;
  setTimeout(() => {
    parent.postMessage({ type: 'close', value: [{ id: 'back_url', value: address }] }, new URL(address).origin);
  }, Math.max(0, Number(seconds) - SOONER) * 1000);
}
