/** Python source as coloured pieces, line by line. */

export interface Piece { text: string; kind?: string | undefined }

const kinds = ["comment", "string", "keyword", "decorator", "number"];
const pattern = [
  /(#.*)/,
  /([rbfRBF]{0,2}"""(?:[\s\S]*?"""|[\s\S]*)|[rbfRBF]{0,2}"(?:\\.|[^"\\\n])*"|[rbfRBF]{0,2}'(?:\\.|[^'\\\n])*')/,
  /\b(def|class|return|if|elif|else|for|while|in|not|and|or|is|import|from|as|with|try|except|finally|raise|yield|lambda|pass|None|True|False|continue|break|assert|del)\b/,
  /(@[\w.]+)/,
  /\b(\d[\d_.]*)\b/,
].map((part) => part.source).join("|");

export function colour(text: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const add = (piece: string, kind?: string) => {
    for (const [i, line] of piece.split("\n").entries()) {
      if (i > 0) lines.push([]);
      if (line) lines.at(-1)?.push({ text: line, kind });
    }
  };
  let at = 0;
  for (const found of text.matchAll(new RegExp(pattern, "g"))) {
    add(text.slice(at, found.index));
    add(found[0], kinds[found.slice(1).findIndex(Boolean)]);
    at = found.index + found[0].length;
  }
  add(text.slice(at));
  return lines;
}
