// The 3DS challenge has ended: the shop's page waits for exactly this message, then reads the payment. It carries no
// secret, so any parent may hear it.
if (window.parent !== window) {
  window.parent.postMessage({ status: "COMPLETE" }, "*");
}
