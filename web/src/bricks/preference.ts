// A preference as a public key may see it, and the way to where it is paid.
import type { Brick } from './brick';

export interface Preference {
  id: string;
  init_point: string;
  purpose: string | null;
  site_id: string;
  amount: number;
  live_mode: boolean;
}

export const preferenceOf = (brick: Brick, id: string): Promise<Preference> =>
  brick.core.api.read<Preference>(`/pasarela/bricks/preferences/${encodeURIComponent(id)}`);

/** Only the web: an address is an answer of the platform, and still nothing that runs. */
export function goTo(brick: Brick, address: string, how: string, opened?: Window | null): void {
  if (!/^https?:\/\//.test(address)) return;
  if (how !== 'blank') return location.assign(address);
  if (!opened) {
    brick.tell('non_critical', 'window_redirect_was_blocked');
    return location.assign(address);
  }
  opened.location.replace(address);
}
