/**
 * Which methods of ports a program may call, found by following its code from one file: every name
 * that reached code mentions leads to what it is declared as, whole functions at a time.
 *
 * Nothing that runs is left out: code runs only where something that is reached names it. Something
 * may be too much: a function is followed although its caller would never call it.
 *
 * In:    an entry file of this repository             Out: `LeaseStore.acquire`, …
 */
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OURS = /^(?:lib|functions)\//u;
const PORTS = "lib/ports/";

export interface PortMethods {
  /** @param entry from the repository's root. */
  reachedFrom(entry: string): ReadonlySet<string>;
}

/** @param entries all the files that `reachedFrom` will be asked for. */
export function portMethods(entries: readonly string[]): PortMethods {
  const program = ts.createProgram(
    entries.map((entry) => ROOT + entry),
    compilerOptions(),
  );
  const checker = program.getTypeChecker();
  return { reachedFrom: (entry) => reached(program, checker, entry) };
}

function compilerOptions(): ts.CompilerOptions {
  const file = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => ts.sys.readFile(path));
  const { options, errors } = ts.parseJsonConfigFileContent(file.config, ts.sys, ROOT);
  const [error] = errors;
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, " "));
  return options;
}

function reached(program: ts.Program, checker: ts.TypeChecker, entry: string): ReadonlySet<string> {
  const methods = new Set<string>();
  const seen = new Set<ts.Node>();
  const queue: ts.Statement[] = [];

  function enqueue(statement: ts.Statement): void {
    if (seen.has(statement)) return;
    seen.add(statement);
    queue.push(statement);
    // What a file does when it is loaded.
    const { statements } = statement.getSourceFile();
    for (const other of statements) if (isDone(other) && !seen.has(other)) enqueue(other);
  }

  function enqueueFile(path: string): void {
    for (const statement of program.getSourceFile(path)?.statements ?? []) enqueue(statement);
  }

  function follow(symbol: ts.Symbol | undefined): void {
    if (symbol === undefined) return;
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of target.declarations ?? []) {
      const path = pathOf(declaration.getSourceFile());
      if (path.startsWith(PORTS)) noteMethod(declaration);
      const statement = OURS.test(path) ? statementOf(declaration) : undefined;
      if (statement !== undefined) enqueue(statement);
    }
  }

  function noteMethod(declaration: ts.Declaration): void {
    const { parent } = declaration;
    if (!ts.isMethodSignature(declaration) || !ts.isInterfaceDeclaration(parent)) return;
    methods.add(`${parent.name.text}.${declaration.name.getText()}`);
  }

  function visit(node: ts.Node): void {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node)) {
      follow(
        ts.isShorthandPropertyAssignment(node.parent)
          ? checker.getShorthandAssignmentValueSymbol(node.parent)
          : checker.getSymbolAtLocation(node),
      );
    }
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = (node.propertyName ?? node.name).getText();
      follow(checker.getTypeAtLocation(node.parent).getProperty(name));
    }
    if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
      const type = checker.getTypeAtLocation(node.expression);
      follow(type.getProperty(node.argumentExpression.text));
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      const module = specifier && checker.getSymbolAtLocation(specifier);
      for (const declaration of module?.declarations ?? []) {
        const file = declaration.getSourceFile();
        if (OURS.test(pathOf(file))) enqueueFile(file.fileName);
      }
    }
    ts.forEachChild(node, visit);
  }

  enqueueFile(ROOT + entry);
  if (queue.length === 0) throw new Error(`${entry} is not a file of the program, or empty`);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) visit(next);
  return methods;
}

/** Done when its file is loaded: neither a declaration nor an import. */
function isDone(statement: ts.Statement): boolean {
  return !(
    ts.isVariableStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement)
  );
}

/** The statement of its file that a declaration is in; undefined for types. */
function statementOf(declaration: ts.Node): ts.Statement | undefined {
  let node = declaration;
  while (!ts.isSourceFile(node.parent)) {
    if (ts.isSourceFile(node)) return undefined;
    node = node.parent;
  }
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return undefined;
  return ts.isStatement(node) ? node : undefined;
}

function pathOf(file: ts.SourceFile): string {
  return file.fileName.startsWith(ROOT) ? file.fileName.slice(ROOT.length) : file.fileName;
}
