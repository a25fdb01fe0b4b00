"""What is said, and what to do next, where files and notices of lots are refused."""

from __future__ import annotations

from typing import Final

from gateways.message import Message

LOT_MESSAGES: Final = {
    "LOT_NOT_OVER": Message(
        "标的尚未结束，竞买人姓名保密。",
        "The lot is not over, and until then nobody is told who the bidders are.",
        "请待落槌、流拍或撤回之后再打开文书。",
        "Come back after the hammer, or once it has passed or was withdrawn.",
    ),
    "NOTICE_UNKNOWN": Message(
        "没有这条公告。",
        "There is no such notice.",
        "请从公告列表重新进入；更正只能针对同一标的的公告。",
        "Start again from the list of notices; only a notice of the same lot can be corrected.",
    ),
    "FILE_UNKNOWN": Message(
        "没有这个文件，或已撤下。",
        "There is no such file, or it has been removed.",
        "请刷新页面查看现有文件。",
        "Reload the page to see the files there are.",
    ),
    "FILE_EMPTY": Message(
        "文件里没有内容。",
        "There is nothing in the file.",
        "请检查文件后重新上传。",
        "Look at the file and send it again.",
    ),
    "FILE_TOO_LARGE": Message(
        "文件超过 20 MB。",
        "The file is larger than 20 MB.",
        "请压缩或拆分后重新上传。",
        "Make it smaller or part it, and send it again.",
    ),
    "FILE_TYPE_UNKNOWN": Message(
        "不接受这种文件。",
        "Files of this kind are not taken.",
        "照片请用 JPEG、PNG 或 WebP，文件请用 PDF、Word（docx）、Excel（xlsx）或 UTF-8 文本，且不得含宏。",
        "Send photos as JPEG, PNG or WebP, documents as PDF, Word (docx), Excel (xlsx) or UTF-8 text, without macros.",
    ),
    "PICTURE_DAMAGED": Message(
        "照片已损坏，无法打开。",
        "The photo is damaged and cannot be opened.",
        "请用看图软件另存后重新上传。",
        "Save it anew with a program for pictures and send it again.",
    ),
    "PICTURE_TOO_LARGE": Message(
        "照片像素过多（上限 6000 万像素）。",
        "The photo has too many pixels (at most 60 million).",
        "请缩小尺寸后重新上传。",
        "Make it smaller and send it again.",
    ),
    "PRICE_MISSING": Message(
        "所选规则按评估价计算，尚未填写评估价。",
        "The rulebook counts from a valuation, and none was given.",
        "请先填写评估价。",
        "Enter the valuation first.",
    ),
    "TOO_MANY_FILES": Message(
        "该标的的文件已达 40 个。",
        "This lot has forty files already.",
        "请先撤下不再需要的文件，或将多个文件合并。",
        "Remove one that is no longer needed first, or put several into one.",
    ),
}
