/**
 * SECURITY: what keeps the words of a share out of the clipboard: spread over the element around them. Nothing in it is
 * copied, cut, dragged away or pasted, and there is no context menu to do it by.
 */
export const outOfClipboard = (onRefused?: () => void) => {
  const refuse = (event: { preventDefault(): void }) => {
    event.preventDefault();
    onRefused?.();
  };
  return {
    onCopy: refuse,
    onCut: refuse,
    onPaste: refuse,
    onDragStart: refuse,
    onDrop: refuse,
    onContextMenu: refuse,
  } as const;
};
