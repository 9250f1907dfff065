/** The operations that the stores use. */
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type BatchWriteItemCommandInput,
  type BatchWriteItemCommandOutput,
  type DeleteItemCommandInput,
  type DeleteItemCommandOutput,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  type PutItemCommandInput,
  type PutItemCommandOutput,
  type QueryCommandInput,
  type QueryCommandOutput,
  type TransactWriteItemsCommandInput,
  type TransactWriteItemsCommandOutput,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from "@aws-sdk/client-dynamodb";

export interface Inputs {
  readonly GetItem: GetItemCommandInput;
  readonly PutItem: PutItemCommandInput;
  readonly UpdateItem: UpdateItemCommandInput;
  readonly DeleteItem: DeleteItemCommandInput;
  readonly Query: QueryCommandInput;
  readonly BatchWriteItem: BatchWriteItemCommandInput;
  readonly TransactWriteItems: TransactWriteItemsCommandInput;
}

/** Without what only a real connection has. */
export interface Outputs {
  readonly GetItem: Omit<GetItemCommandOutput, "$metadata">;
  readonly PutItem: Omit<PutItemCommandOutput, "$metadata">;
  readonly UpdateItem: Omit<UpdateItemCommandOutput, "$metadata">;
  readonly DeleteItem: Omit<DeleteItemCommandOutput, "$metadata">;
  readonly Query: Omit<QueryCommandOutput, "$metadata">;
  readonly BatchWriteItem: Omit<BatchWriteItemCommandOutput, "$metadata">;
  readonly TransactWriteItems: Omit<TransactWriteItemsCommandOutput, "$metadata">;
}

export type Operation = keyof Inputs;

/** An operation with its input: what a command of the SDK carries. */
export type CallOf<O extends Operation> = {
  readonly [P in O]: { readonly name: P; readonly input: Inputs[P] };
}[O];
export type Call = CallOf<Operation>;

/** @throws Error for a command that the stores don't use. */
export function callOf(command: object): Call {
  if (command instanceof UpdateItemCommand) return { name: "UpdateItem", input: command.input };
  if (command instanceof GetItemCommand) return { name: "GetItem", input: command.input };
  if (command instanceof QueryCommand) return { name: "Query", input: command.input };
  if (command instanceof PutItemCommand) return { name: "PutItem", input: command.input };
  if (command instanceof DeleteItemCommand) return { name: "DeleteItem", input: command.input };
  if (command instanceof TransactWriteItemsCommand)
    return { name: "TransactWriteItems", input: command.input };
  if (command instanceof BatchWriteItemCommand)
    return { name: "BatchWriteItem", input: command.input };
  throw new Error(
    `found the command ${command.constructor.name}, expected one that the stores use (operations.ts)`,
  );
}
