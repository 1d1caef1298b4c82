/** The title of the tab: the page, and the progress of uploads for users who look at another tab. */

let page = document.title;
let work = "";

const show = (): void => {
  const title = work ? `${work} · ${page}` : page;
  if (document.title !== title) document.title = title;
};

export function titlePage(text: string): void {
  page = text;
  show();
}

export function titleWork(text: string): void {
  work = text;
  show();
}
