// Elements, put together by the object model: nothing of a page or an answer ever becomes markup.

type Child = Node | string | false | null | undefined;
type Properties = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'value') (element as unknown as { value: string }).value = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue;
    parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

/** A drawing of one path, for who sees. */
export function icon(path: string, className = 'icon'): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', className);
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  shape.setAttribute('d', path);
  svg.appendChild(shape);
  return svg;
}

export const ICONS = {
  card: 'M3 6.5A1.5 1.5 0 0 1 4.500 5h15A1.5 1.5 0 0 1 21 6.500v11a1.500 1.500 0 0 1-1.500 1.500h-15A1.5 1.5 0 0 1 3 17.500v-11ZM5 7v2h14V7H5Zm0 5v5h14v-5H5Zm1.500 2H11v1.500H6.500V14Z',
  ticket: 'M4 5h1.500v14H4V5Zm3 0h1v14H7V5Zm2.500 0h2v14h-2V5ZM13 5h1v14h-1V5Zm2.500 0h1.500v14h-1.500V5ZM18.500 5H20v14h-1.500V5Z',
  bank: 'M12 3 3 8v2h18V8l-9-5Zm0 2.300L16.900 8H7.100L12 5.300ZM5 11.500h2V17H5v-5.500Zm6 0h2V17h-2v-5.500Zm6 0h2V17h-2v-5.500ZM3 18.500h18V21H3v-2.500Z',
  wallet: 'M3 7a3 3 0 0 1 3-3h11v3h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a3 3 0 0 1-3-3V7Zm3-1a1 1 0 0 0 0 2h9V6H6Zm-1 3.800V17a1 1 0 0 0 1 1h13v-2h-3a3.500 3.500 0 1 1 0-7h3v-.200L6 10a3 3 0 0 1-1-.200Zm11 1.700a1 1 0 1 0 0 4h3v-4h-3Z',
  check: 'M9.500 17.200 4.300 12l1.700-1.700 3.500 3.500 8.500-8.500L19.700 7 9.500 17.200Z',
  cross: 'm6.400 4.700 5.600 5.600 5.600-5.600 1.700 1.700-5.600 5.600 5.600 5.600-1.700 1.700-5.600-5.600-5.600 5.600-1.700-1.700 5.600-5.600-5.600-5.600 1.700-1.700Z',
  clock: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 2a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm-1 2.500h2v4.100l3 1.700-1 1.700-4-2.300V7.500Z',
  shield: 'm12 2.500 7.500 3v5.600c0 4.700-3 8.500-7.500 10.400-4.500-1.900-7.500-5.700-7.500-10.400V5.500l7.500-3Zm0 2.200L6.500 6.900v4.200c0 3.600 2.200 6.500 5.500 8.200 3.300-1.700 5.500-4.600 5.500-8.200V6.900L12 4.700Zm-1.100 10.600-3-3 1.400-1.400 1.600 1.600 4-4 1.400 1.400-5.400 5.400Z',
} as const;
