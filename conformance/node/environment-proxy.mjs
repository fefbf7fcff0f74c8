// Node's own `fetch` honours HTTPS_PROXY from version 24 on (NODE_USE_ENV_PROXY). On an older Node, its own proxy agent
// from the same project does. Loaded before the program with --import; the SDK is not touched.
const [major] = process.versions.node.split('.').map(Number);
if (process.env.HTTPS_PROXY && major < 24) {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici');
  setGlobalDispatcher(new EnvHttpProxyAgent());
}
