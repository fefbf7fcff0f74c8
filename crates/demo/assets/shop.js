// On every page: copy buttons, and a page that was left is not shown as it was.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  await copy(button.dataset.copy);
  const label = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = label; }, 1500);
});

// The clipboard is there on secure pages and on this machine alone. A phone in the same network copies the old way.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'unseen' });
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

// A name to try is put into the form by a click, where the form is the page's own; into the clipboard where it is a brick's.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-holder]');
  if (!button) return;
  const input = document.getElementById('holder');
  if (!input) return copy(button.dataset.holder);
  input.value = button.dataset.holder;
  input.dispatchEvent(new Event('input', { bubbles: true }));
});

// "Back" may show a page out of the browser's memory: the order may be paid by now.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
