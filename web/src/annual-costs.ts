// What instalments cost in a year, which Argentina's law wants said (Resolución E 51/2017).

export interface AnnualCosts {
  cft: string;
  tea: string;
}

/** Among a plan's labels: `CFT_87,82%|TEA_69,00%`. */
export function annualCosts(labels: unknown): AnnualCosts | undefined {
  const parts = Array.isArray(labels) ? labels.flatMap((label) => String(label).split('|')) : [];
  const rate = (name: string) => parts.find((part) => part.startsWith(`${name}_`))?.slice(name.length + 1);
  const [cft, tea] = [rate('CFT'), rate('TEA')];
  return cft && tea ? { cft, tea } : undefined;
}
