/** Configures Uppy: it sends a few files at a time, and handles drops on the page. */

import Uppy, { type UppyFile } from "@uppy/core";
import DropTarget from "@uppy/drop-target";
import XHRUpload from "@uppy/xhr-upload";
import type { Image } from "../records";

const AT_ONCE = 3;
const STALLED_MS = 60_000;

export type Meta = Record<string, unknown>;
export type Body = Image & Record<string, unknown>;
export type UploadFile = UppyFile<Meta, Body>;

export interface Hooks {
  /** Whether to accept a file. */
  admit(file: UploadFile): boolean;
  added(file: UploadFile): void;
  /** Resolves to the URL for a file when it may be sent. */
  address(id: string): Promise<string>;
  progress(id: string | undefined, sent: number): void;
  success(id: string | undefined, status: number, image: Image | undefined): void;
  error(id: string | undefined, error: { message: string }, answer: unknown): void;
  stalled(id: string, why: string): void;
  dragging(over: boolean): void;
  dropped(files: File[]): void;
}

export function makeUppy(hooks: Hooks): Uppy<Meta, Body> {
  const uppy = new Uppy<Meta, Body>({
    id: "gallery", autoProceed: true, logger: { debug: quiet, warn: quiet, error: quiet },
    onBeforeFileAdded: (file) => hooks.admit(file as UploadFile),
  });
  uppy.use(XHRUpload, {
    endpoint: (files) => hooks.address((Array.isArray(files) ? files[0]?.id : files.id) ?? ""),
    formData: false, // the raw body: parsing a form takes the server twice the time
    limit: AT_ONCE,
    timeout: STALLED_MS,
    shouldRetry: () => false,
  });
  uppy.use(DropTarget, {
    target: document.documentElement,
    onDragOver: () => hooks.dragging(true),
    onDragLeave: (event) => event.relatedTarget === null && hooks.dragging(false),
    onDrop: () => hooks.dragging(false),
  });
  const target = uppy.getPlugin("DropTarget") as unknown as { addFiles: (files: File[]) => void };
  target.addFiles = (files) => hooks.dropped(files);
  uppy.on("file-added", (file) => hooks.added(file));
  uppy.on("upload-progress", (file, { bytesUploaded }) => hooks.progress(file?.id, bytesUploaded || 0));
  uppy.on("upload-success", (file, answer) => hooks.success(file?.id, answer.status, answer.body));
  uppy.on("upload-error", (file, error, answer) => hooks.error(file?.id, error, answer as unknown));
  uppy.on("upload-stalled", (error, files) => files.forEach((file) => hooks.stalled(file.id, error.message)));
  return uppy;
}

/** Uppy's console output is not needed: the panel shows the same. */
function quiet(): void {}
