// What the pages with a script share: the way of a token to the shop's own server, and what is shown meanwhile.
const form = document.getElementById('form');
const say = JSON.parse(form.dataset.words);

// The server pays with the token. The attempt makes sure that one press, or two, or another tab's, is one payment. Says whether
// the buyer is on the way to another page.
async function pay(payment) {
  busy(true);
  try {
    const body = { ...payment, attempt: Number(form.dataset.attempt), device: window.MP_DEVICE_SESSION_ID };
    const response = await fetch(form.dataset.url, { method: 'POST', body: JSON.stringify(body) });
    const answer = await response.json();
    if (answer.attempt) form.dataset.attempt = answer.attempt;
    if (answer.challenge) await challenge(answer.challenge);
    if (answer.next) {
      location.assign(answer.next);
      return true;
    }
    show(answer.message, answer.detail && [answer.detail]);
  } catch {
    show(say.unanswered);
  }
  busy(false);
  return false;
}

// 3-D Secure: the bank's page is shown in a frame until it says that it is done.
function challenge({ external_resource_url, creq }) {
  const frame = document.getElementById('challenge');
  frame.hidden = false;
  const question = document.createElement('form');
  question.method = 'post';
  question.action = external_resource_url;
  question.target = frame.querySelector('iframe').name;
  question.hidden = true;
  question.append(Object.assign(document.createElement('input'), { name: 'creq', value: creq }));
  document.body.append(question);
  question.submit();
  frame.scrollIntoView({ block: 'center' });
  return new Promise((done) => {
    window.addEventListener('message', ({ origin, data }) => {
      if (origin === new URL(external_resource_url).origin && data?.status === 'COMPLETE') done();
    });
  });
}

function show(message, details = []) {
  const notice = document.getElementById('notice');
  const list = document.createElement('ul');
  list.append(...details.map((detail) => Object.assign(document.createElement('li'), { textContent: detail })));
  notice.replaceChildren(message, ...(details.length > 0 ? [list] : []));
  notice.hidden = false;
  notice.scrollIntoView({ block: 'nearest' });
}

function busy(isBusy) {
  if (isBusy) document.getElementById('notice').hidden = true;
  const button = document.getElementById('pay');
  // A brick has a button of its own.
  if (!button) return;
  button.disabled = isBusy;
  button.firstElementChild.textContent = isBusy ? say.paying : say.pay;
}
