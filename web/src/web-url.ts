// An address of the web, and nothing that runs.

export function webUrl(text: string, base?: string): URL | undefined {
  try {
    const url = new URL(text, base);
    return ['https:', 'http:'].includes(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}
