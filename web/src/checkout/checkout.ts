// The hosted checkout's behaviour: the card's page, and what a browser remembers of a purchase. Everything but the secure
// fields works without it.
import { startCard } from './card-page';
import { remember } from './memory';
import { leaveOverPage } from './modal';
import { sendOnce } from './once';
import { fillInTyped } from './typed';

// A page that the back button takes out of the browser's memory has a form that was sent already.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

sendOnce();
remember();
fillInTyped();
leaveOverPage();
const card = document.querySelector<HTMLFormElement>('form#card');
if (card) startCard(card);
