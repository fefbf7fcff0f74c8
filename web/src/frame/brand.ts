// Whose card it is, from its first digits on, as a mark beside the number. The prefixes are the schemes' own (ISO/IEC 7812);
// what a card can pay is the catalogue's to say. No brand's artwork is ours to give: a mark is the name on a plain card.

/** The longest prefix that matches first: a local scheme's range lies inside an international one's. */
const BRANDS: [RegExp, string][] = [
  [/^(4011(78|79)|431274|438935|451416|457393|45763[12]|504175|5067|5090|627780|636297|636368|650(03[1-5]|4|5|7|9)|6516|6550)/, 'Elo'],
  [/^(606282|637(095|568|599|609|612))/, 'Hipercard'],
  [/^(589562|527571|527572|402917|402918|377798|377799)/, 'Naranja'],
  [/^(589657|600691|6042|6043|6271)/, 'Cabal'],
  [/^3[47]/, 'Amex'],
  [/^(30[0-5]|3095|36|3[89])/, 'Diners'],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 'Mastercard'],
  [/^4/, 'Visa'],
];

const COLOURS: Record<string, string> = {
  Visa: '#1a1f71', Mastercard: '#9a1717', Amex: '#0a5a96', Diners: '#004a77', Elo: '#1f2933', Hipercard: '#8a1016',
  Naranja: '#a84300', Cabal: '#0a4b8f',
};

export const brandOf = (digits: string): string | undefined => BRANDS.find(([prefix]) => prefix.test(digits))?.[1];

const WIDTH = 52;
const HEIGHT = 26;
/** In less room than this the number needs it all. */
const LEAST_WIDTH = 220;

const SVG = 'http://www.w3.org/2000/svg';

export class BrandMark {
  private readonly svg = element('svg', { class: 'mark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, 'aria-hidden': 'true' });
  private readonly name = element('text', { x: WIDTH / 2, y: 17, 'text-anchor': 'middle', 'font-size': 10, 'font-weight': 700, 'font-family': 'system-ui,sans-serif' });
  private brand: string | undefined;

  constructor(private readonly input: HTMLInputElement) {
    this.svg.append(element('rect', { x: 0.5, y: 0.5, width: WIDTH - 1, height: HEIGHT - 1, rx: 4, fill: '#fff', stroke: '#9aa5b1' }), this.name);
  }

  /** Shows the brand of what is typed, where there is room; says it in any case. `known` is what the catalogue said. */
  show(digits: string, known: string | undefined): string | undefined {
    const brand = known ?? brandOf(digits);
    if (brand === this.brand) return brand;
    this.brand = brand;
    const hasRoom = this.input.clientWidth >= LEAST_WIDTH && !['right', 'end', 'center'].includes(getComputedStyle(this.input).textAlign);
    if (!brand || !hasRoom) {
      this.svg.remove();
      return brand;
    }
    this.name.textContent = brand.slice(0, 14);
    this.name.setAttribute('fill', COLOURS[brand] ?? '#1f2933');
    if (brand.length > 6) {
      this.name.setAttribute('textLength', String(WIDTH - 8));
      this.name.setAttribute('lengthAdjust', 'spacingAndGlyphs');
    } else {
      this.name.removeAttribute('textLength');
    }
    this.input.after(this.svg);
    return brand;
  }

  remove(): void {
    this.brand = undefined;
    this.svg.remove();
  }
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}
