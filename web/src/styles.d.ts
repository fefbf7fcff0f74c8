/** The build turns a stylesheet into its text. */
declare module '*.css' {
  const text: string;
  export default text;
}
