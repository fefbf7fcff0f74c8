// A shop's style for the input. Only these properties, and only through the object model: no text of a page becomes a
// stylesheet, and nothing that loads can be said.
const PROPERTIES = [
  'color', 'font-family', 'font-size', 'font-style', 'font-variant', 'font-weight', 'height', 'margin', 'margin-bottom',
  'margin-left', 'margin-right', 'margin-top', 'padding', 'padding-bottom', 'padding-left', 'padding-right', 'padding-top',
  'text-align', 'width',
];

export function applyStyle(input: HTMLInputElement, style: Record<string, string | number | undefined>): void {
  for (const [name, value] of Object.entries(style)) {
    if (value === undefined) continue;
    const property = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const text = typeof value === 'number' && property !== 'font-weight' ? `${value}px` : String(value);
    if (property === 'placeholder-color') {
      if (CSS.supports('color', text)) input.style.setProperty('--placeholder-color', text);
    } else if (PROPERTIES.includes(property)) {
      input.style.setProperty(property, text);
    }
  }
}
